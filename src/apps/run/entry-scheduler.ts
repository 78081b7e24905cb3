/** Who may enter an isolate next: whoever has computed least lately, no more at once than there are slots, and a bounded few beside long turns. */
import { EntryAccounts } from './entry-accounts.ts';
import { HostRounds } from './host-rounds.ts';

/** A turn that takes longer than this is long, whatever was expected of it. */
const LONG_MS = 5;
/** Turns beyond the slots. The last of them is for apps whose turns are short, so that those never wait for a long one to end. */
export const EXTRA_TURNS_MAX = 2;
/** An app has used little beside another when it has used that much less. */
const LITTLE = 1 / 4;

export interface Runnable {
  /** whose code runs in its turns */
  readonly app: string;
  /** One turn. Resolves to the CPU that it used, in ms; undefined when that was charged meanwhile and tells nothing of the app's next turns. */
  turn(): Promise<number | undefined>;
  /** The turn rejected, which is a fault of the host: what was under way in it is over. Must not throw. */
  failed(error: unknown): void;
  /** Whether another turn is wanted. */
  hasWork(): boolean;
}

/** Is told whose turns there are, so that somebody knows when the process dies in one of them. */
export interface TurnRecord {
  /** The app's code runs from now on. Returns what {@link TurnRecord.end} wants to know. */
  begin(app: string): number;
  end(slot: number): void;
}

const NO_RECORD: TurnRecord = { begin: () => 0, end: () => undefined };

interface Waiting {
  readonly runnable: Runnable;
  readonly rank: number;
}

interface Turn {
  readonly app: string;
  readonly beganMs: number;
  readonly isShort: boolean;
}

/**
 * Turns go by {@link EntryAccounts.rank}: an app that computes much comes after all that compute less, and is given the cores that they leave.
 * No turn can be taken back, so when all slots are taken and there are long turns among them, up to {@link EXTRA_TURNS_MAX} others may begin,
 * one for each long turn at most: apps whose turns are short, and one at a time that has used little. The kernel divides the cores then.
 */
export class EntryScheduler {
  /** the main thread's work for the same apps */
  readonly rounds: HostRounds;
  readonly #slots: number;
  readonly #record: TurnRecord;
  readonly #nowMs: () => number;
  readonly #accounts = new EntryAccounts();
  /** by rank; who came first is first among equals */
  readonly #queue: Waiting[] = [];
  readonly #known = new Set<Runnable>();
  readonly #turns = new Set<Turn>();
  /** of apps that are gone; their last turn is still to end */
  readonly #leaving = new Set<Runnable>();
  /** apps whose turns are theirs alone, and until when */
  readonly #suspects = new Map<string, number>();
  #runsAlone = false;
  #scheduled = false;
  #willLook = false;

  /** `slots`: entries at once; as many as there are cores. `nowMs`: the process clock. */
  constructor(slots: number, record: TurnRecord = NO_RECORD, nowMs: () => number = () => performance.now()) {
    this.#slots = slots;
    this.#record = record;
    this.#nowMs = nowMs;
    this.rounds = new HostRounds((app) => this.#accounts.rank(app, nowMs()), nowMs);
  }

  /** Nobody has a turn or waits for one. */
  get isIdle(): boolean {
    return this.#turns.size === 0 && this.#queue.length === 0;
  }

  /** For that long nobody else has a turn while the app has one: when the process dies then, it is known of whose code. */
  suspect(app: string, forMs: number): void {
    this.#suspects.set(app, this.#nowMs() + forMs);
  }

  /** The app has its turns beside others again. */
  trust(app: string): void {
    this.#suspects.delete(app);
  }

  /** CPU that was used for the app outside of its turns, or in one that can't tell. */
  charge(app: string, cpuMs: number): void {
    this.#accounts.charge(app, cpuMs, this.#nowMs());
  }

  /** The app is gone; one of its name would be another. */
  forget(app: string): void {
    this.#accounts.forget(app);
    for (const runnable of this.#known) if (runnable.app === app) this.#leaving.add(runnable);
  }

  /** Asks for a turn. Turns start once this round of the event loop is over, so that what arrives together is handed over together. */
  wake(runnable: Runnable): void {
    if (this.#known.has(runnable)) return;
    this.#known.add(runnable);
    this.#enqueue({ runnable, rank: this.#accounts.rank(runnable.app, this.#nowMs()) });
    if (this.#scheduled || this.#turns.size >= this.#slots + EXTRA_TURNS_MAX) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#fill();
    });
  }

  #enqueue(waiting: Waiting): void {
    const after = this.#queue.findIndex(({ rank }) => rank > waiting.rank);
    this.#queue.splice(after < 0 ? this.#queue.length : after, 0, waiting);
  }

  #fill(): void {
    for (let index = this.#next(); index >= 0; index = this.#next()) void this.#run(this.#queue.splice(index, 1)[0]!.runnable);
    if (this.#queue.length > 0) this.#lookSoon();
  }

  /** A turn may have become a long one by then. */
  #lookSoon(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    setTimeout(() => {
      this.#willLook = false;
      this.#fill();
    }, LONG_MS);
  }

  /** Place in the queue of who may begin now; -1: nobody. */
  #next(): number {
    const first = this.#queue[0];
    if (first === undefined) return -1;
    if (this.#turns.size === 0) return 0;
    if (this.#runsAlone || this.#isSuspect(first.runnable.app)) return -1;
    return this.#turns.size < this.#slots ? 0 : this.#nextExtra(this.#turns.size - this.#slots);
  }

  #nextExtra(extraTurns: number): number {
    const nowMs = this.#nowMs();
    const long = [...this.#turns].filter(({ isShort, beganMs }) => !isShort || nowMs - beganMs >= LONG_MS);
    if (extraTurns >= Math.min(EXTRA_TURNS_MAX, long.length)) return -1;
    const mostMs = Math.max(...long.map(({ app, beganMs }) => this.#accounts.usedMs(app, nowMs) + nowMs - beganMs));
    const isLast = extraTurns === EXTRA_TURNS_MAX - 1;
    const mayBegin = (app: string): boolean => this.#accounts.isShort(app) || (!isLast && this.#accounts.usedMs(app, nowMs) <= mostMs * LITTLE);
    return this.#queue.findIndex(({ runnable: { app } }) => mayBegin(app) && !this.#isSuspect(app));
  }

  #isSuspect(app: string): boolean {
    const untilMs = this.#suspects.get(app);
    if (untilMs === undefined) return false;
    if (this.#nowMs() < untilMs) return true;
    this.#suspects.delete(app);
    return false;
  }

  async #run(runnable: Runnable): Promise<void> {
    const { app } = runnable;
    this.#runsAlone = this.#isSuspect(app);
    const turn = { app, beganMs: this.#nowMs(), isShort: this.#accounts.isShort(app) };
    this.#turns.add(turn);
    const slot = this.#record.begin(app);
    try {
      const cpuMs = await runnable.turn();
      if (cpuMs !== undefined) this.#accounts.learn(app, cpuMs, this.#nowMs());
    } catch (error) {
      runnable.failed(error);
    } finally {
      this.#record.end(slot);
      this.#turns.delete(turn);
      this.#runsAlone = false;
      this.#over(runnable);
    }
  }

  #over(runnable: Runnable): void {
    this.#known.delete(runnable);
    if (this.#leaving.delete(runnable)) this.#accounts.forget(runnable.app);
    if (runnable.hasWork()) this.wake(runnable);
    this.#fill();
  }
}
