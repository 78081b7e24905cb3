/** What each app has computed lately and how long its turns are: the order of turns goes by that. Pure: the clock comes as an argument. */

/** After this long, what an app has computed counts half. */
const HALF_LIFE_MS = 5_000;
/** A newcomer counts as one that has computed this much: it comes after those who are known for less, however many newcomers there are. */
const NEWCOMER_MS = 10;
/** Turns of an app are short when they are expected to use no more CPU than this. */
const SHORT_MS = 10;
/** Expected of an app that nobody knows: it has shown about sixteen short turns before it is trusted with more. */
const UNKNOWN_TURN_MS = 50;
/** How fast longer and shorter turns change what is expected: one long turn is remembered over many short ones. */
const RISE = 0.5;
const FALL = 0.1;

interface Account {
  /** base-2 logarithm of the CPU used in ms, as it will have decayed at time 0; grows with time where nothing decays, so it compares at any time */
  rank: number;
  /** expected CPU of a turn, in ms */
  turnMs: number;
}

export class EntryAccounts {
  readonly #accounts = new Map<string, Account>();

  /** Order of turns: the app with the smaller number has used less. The same at any later time, unless the app is charged. */
  rank(app: string, nowMs: number): number {
    return this.#accounts.get(app)?.rank ?? rankOf(NEWCOMER_MS, nowMs);
  }

  /** CPU that the app has used, in ms; what is long ago counts less. */
  usedMs(app: string, nowMs: number): number {
    return 2 ** (this.rank(app, nowMs) - nowMs / HALF_LIFE_MS);
  }

  /** Whether the app has shown that its turns are short. */
  isShort(app: string): boolean {
    return (this.#accounts.get(app)?.turnMs ?? UNKNOWN_TURN_MS) <= SHORT_MS;
  }

  charge(app: string, cpuMs: number, nowMs: number): void {
    const usedMs = this.usedMs(app, nowMs) + Math.max(0, cpuMs);
    const account = this.#accounts.get(app);
    if (account === undefined) this.#accounts.set(app, { rank: rankOf(usedMs, nowMs), turnMs: UNKNOWN_TURN_MS });
    else account.rank = rankOf(usedMs, nowMs);
  }

  /** A turn of the app's handlers used that much: charges it, and expects the like of the next one. */
  learn(app: string, cpuMs: number, nowMs: number): void {
    this.charge(app, cpuMs, nowMs);
    const account = this.#accounts.get(app)!;
    account.turnMs += (Math.max(0, cpuMs) - account.turnMs) * (cpuMs > account.turnMs ? RISE : FALL);
  }

  forget(app: string): void {
    this.#accounts.delete(app);
  }
}

function rankOf(usedMs: number, nowMs: number): number {
  return Math.log2(usedMs) + nowMs / HALF_LIFE_MS;
}
