/** How far each app made the process grow. The kernel counts pages by process: what is added between two looks is divided by whose turns it was. */

/** What is left of an estimate that another isolate was given up for. */
const KEPT_PART = 1 / 2;
/** In whose turns nearly all of the time between two looks was. */
const ALONE = 0.9;

interface Turn {
  readonly app: string;
  /** ms of the process clock, from which on its time is still to be divided */
  sinceMs: number;
  aloneBytes: number;
}

interface Account {
  /** with the isolate that it has */
  grownBytes: number;
  /** as much of that as came while nobody else ran */
  aloneBytes: number;
  turns: number;
  /** bytes that a turn left behind on average, in the isolate in which that was most */
  leakBytesPerTurn: number;
}

export class MemoryLedger {
  readonly #turns = new Map<number, Turn>();
  /** ms of turns since the last look */
  readonly #times = new Map<string, number>();
  readonly #apps = new Map<string, Account>();
  #lastTurn = 0;
  #rssBytes: number | undefined;

  get hasTurns(): boolean {
    return this.#turns.size > 0;
  }

  begin(app: string, nowMs: number): number {
    this.#turns.set(++this.#lastTurn, { app, sinceMs: nowMs, aloneBytes: 0 });
    return this.#lastTurn;
  }

  /** Returns the app whose turn it was. */
  end(turn: number, nowMs: number): string {
    const { app, sinceMs } = this.#turns.get(turn)!;
    this.#turns.delete(turn);
    this.#addTime(app, nowMs - sinceMs);
    this.#account(app).turns++;
    return app;
  }

  #addTime(app: string, ms: number): void {
    this.#times.set(app, (this.#times.get(app) ?? 0) + ms);
  }

  /** Divides what the process has grown or shrunk by since the last look. */
  look(rssBytes: number, nowMs: number): void {
    const delta = rssBytes - (this.#rssBytes ?? rssBytes);
    this.#rssBytes = rssBytes;
    for (const turn of this.#turns.values()) {
      this.#addTime(turn.app, nowMs - turn.sinceMs);
      turn.sinceMs = nowMs;
    }
    const totalMs = [...this.#times.values()].reduce((sum, ms) => sum + ms, 0);
    if (totalMs > 0) this.#divide(delta, totalMs);
    this.#times.clear();
  }

  #divide(delta: number, totalMs: number): void {
    for (const [app, ms] of this.#times) {
      const part = ms / totalMs;
      const account = this.#account(app);
      account.grownBytes = Math.max(0, account.grownBytes + delta * part);
      if (part < ALONE) continue;
      account.aloneBytes = Math.max(0, account.aloneBytes + delta);
      for (const turn of this.#turns.values()) if (turn.app === app) turn.aloneBytes += delta;
    }
  }

  /** By how much with the isolate that it has; what it gave back is taken off. A share of what several grew by at once, so an estimate. */
  grownBytes(app: string): number {
    return this.#apps.get(app)?.grownBytes ?? 0;
  }

  /** By how much with the isolate that it has while nobody else ran: what others do beside it is not in it. */
  grownAloneBytes(app: string): number {
    return this.#apps.get(app)?.aloneBytes ?? 0;
  }

  /** Turns that go on, with what the process grew by while nobody else ran: that is the app's for certain. */
  *turns(): Iterable<{ readonly app: string; readonly aloneBytes: number }> {
    yield* this.#turns.values();
  }

  /** Its isolate had so many bytes outside of its heap, for certain. */
  learn(app: string, outsideBytes: number): void {
    const account = this.#account(app);
    account.leakBytesPerTurn = Math.max(account.leakBytesPerTurn, outsideBytes / Math.max(account.turns, 1));
  }

  /**
   * What its isolate has outside of its heap, by what its isolates had before. The process does not grow by what one isolate leaves to the next: the C
   * library keeps freed memory for whoever asks.
   */
  leakedBytes(app: string): number {
    const account = this.#apps.get(app);
    return account === undefined ? 0 : account.turns * account.leakBytesPerTurn;
  }

  /** An isolate was given up for what its predecessors had. An estimate that no growth bears out fades so, and costs fewer and fewer isolates. */
  doubt(app: string): void {
    this.#account(app).leakBytesPerTurn *= KEPT_PART;
  }

  /** It has a fresh isolate, or none. */
  renew(app: string): void {
    const account = this.#apps.get(app);
    if (account === undefined) return;
    account.grownBytes = 0;
    account.aloneBytes = 0;
    account.turns = 0;
  }

  /** Another version of it is another app. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  #account(app: string): Account {
    let account = this.#apps.get(app);
    if (account === undefined) this.#apps.set(app, (account = { grownBytes: 0, aloneBytes: 0, turns: 0, leakBytesPerTurn: 0 }));
    return account;
  }
}
