import type { JournalEntry } from '../../protocol/agent/recording.ts';

/** Recorded entries, looked at one ahead. */
export class EntryCursor {
  readonly #entries: Iterator<JournalEntry>;
  #next: JournalEntry | undefined;

  constructor(entries: Iterable<JournalEntry>) {
    this.#entries = entries[Symbol.iterator]();
    this.#advance();
  }

  /** Undefined: there are no more. */
  get next(): JournalEntry | undefined {
    return this.#next;
  }

  take(): JournalEntry | undefined {
    const taken = this.#next;
    if (taken !== undefined) this.#advance();
    return taken;
  }

  #advance(): void {
    const { done, value } = this.#entries.next();
    this.#next = done === true ? undefined : value;
  }
}
