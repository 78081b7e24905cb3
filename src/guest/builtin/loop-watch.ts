/** How often the same call may have the same result before it counts as going round in circles: one after the other, and in all. */
const IN_A_ROW_MAX = 3;
const IN_ALL_MAX = 6;

/** Notices a model that makes no headway. */
export class LoopWatch {
  readonly #seen = new Map<string, number>();
  #last = '';
  #inARow = 0;

  /** Whether this call is one too many. */
  isCircle(name: string, args: unknown, result: string): boolean {
    const key = JSON.stringify([name, args, result]);
    const inAll = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, inAll);
    this.#inARow = key === this.#last ? this.#inARow + 1 : 1;
    this.#last = key;
    return this.#inARow >= IN_A_ROW_MAX || inAll >= IN_ALL_MAX;
  }
}
