import type { GivenWord } from './to-decision.ts';

/** A decision on its way to the run. */
export interface GivenDecision {
  readonly word: GivenWord;
  /** it is on record */
  resolve(isTaken: boolean): void;
  reject(error: Error): void;
}

/** Where decisions about the calls of a run that is under way are put, from outside of it. */
export class DecisionBox {
  #given: GivenDecision[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  /** Resolves to true once the decision is on record, to false when the run is not under way here any more. Rejects with a NanosError when it can't be taken. */
  give(word: GivenWord): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      this.#given.push({ word, resolve, reject });
      this.#wake();
    });
  }

  /** Is called when there is something to take. */
  set onGiven(wake: () => void) {
    this.#wake = wake;
  }

  take(): GivenDecision[] {
    return this.#given.splice(0);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const { resolve } of this.take()) resolve(false);
  }
}
