/** Which app pays for a lost cell. Pure: times come as arguments, in ms of one clock. */

/** An app is held back only when it has cost a cell, or may have, within this time before. */
const MEMORY_MS = 10 * 60_000;

/** How a process ends by what runs in it. Everything else was done to it from outside. */
const ABORTS: ReadonlySet<string> = new Set(['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGSYS', 'SIGTRAP']);
/** Exit statuses from here on stand for a signal, where something between us and the process says so. */
const SIGNALLED_MIN = 128;
const ABORT_STATUSES: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 11, 31].map((signal) => SIGNALLED_MIN + signal));

/** Whether the process brought itself down: V8 gave up, or its code failed. */
export function isAbort(code: number | null, signal: string | null): boolean {
  return (signal !== null && ABORTS.has(signal)) || (code !== null && ABORT_STATUSES.has(code));
}

export class CellBlame {
  /** when an app last cost a cell, or was inside one that died */
  readonly #blamedMs = new Map<string, number>();
  /** when an app was last inside a cell that died */
  readonly #suspectedMs = new Map<string, number>();

  /** The app lost a thread of its cell. Returns whether it is to be held back: any app may come upon what V8 can't refuse once. */
  lostThread(app: string, nowMs: number): boolean {
    const before = this.#blamedMs.get(app) ?? -Infinity;
    this.#blamedMs.set(app, nowMs);
    return nowMs - before <= MEMORY_MS;
  }

  /**
   * A cell aborted while the code of these apps ran. Returns the one to be held back: when it was alone inside, and not for the first time.
   * Of several it can't be known who it was; from now on each has its turns alone, so that the next time it will be.
   */
  aborted(apps: readonly string[], nowMs: number): string | undefined {
    for (const app of apps) this.#suspectedMs.set(app, nowMs);
    const isHeldBack = apps.map((app) => this.lostThread(app, nowMs));
    return apps.length === 1 && isHeldBack[0] === true ? apps[0] : undefined;
  }

  /** Apps that cost a cell, or may have, within the time that counts. */
  blamed(nowMs: number): string[] {
    return [...this.#blamedMs].flatMap(([name, sinceMs]) => (nowMs - sinceMs <= MEMORY_MS ? [name] : []));
  }

  /** Apps that have their turns alone, and for how long still. */
  suspects(nowMs: number): { name: string; forMs: number }[] {
    return [...this.#suspectedMs].flatMap(([name, sinceMs]) => (nowMs - sinceMs < MEMORY_MS ? [{ name, forMs: sinceMs + MEMORY_MS - nowMs }] : []));
  }

  forget(app: string): void {
    this.#blamedMs.delete(app);
    this.#suspectedMs.delete(app);
  }
}
