import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { DivergenceError, compareEntries } from './divergence.ts';
import type { EntryCursor } from './entry-cursor.ts';
import type { RunJournal } from './reply-source.ts';

export interface Onward {
  readonly journal: RunJournal;
  /** it takes the recorded entries too, because they are another journal's */
  readonly copies: boolean;
}

/**
 * Holds a run to its recording: each entry must be the next recorded one. After the last, entries go onward to a journal that is written, if there is one.
 * `append` throws a DivergenceError.
 */
export class CheckedJournal implements RunJournal {
  readonly #cursor: EntryCursor;
  readonly #onward: Onward | undefined;
  #step: number;
  #activation: number;

  constructor(cursor: EntryCursor, onward?: Onward, from = { step: 0, activation: 0 }) {
    this.#cursor = cursor;
    this.#onward = onward;
    this.#step = from.step;
    this.#activation = from.activation;
  }

  append(entry: JournalEntry): void {
    const isRecorded = this.#cursor.next !== undefined;
    if (isRecorded || this.#onward === undefined) this.#check(entry);
    if (!isRecorded || this.#onward?.copies === true) this.#onward?.journal.append(entry);
  }

  commit(): void {
    this.#onward?.journal.commit();
  }

  putAway(): void {
    this.#onward?.journal.putAway();
  }

  #check(actual: JournalEntry): void {
    const difference = compareEntries(this.#cursor.take(), actual);
    if (difference !== undefined) throw new DivergenceError({ step: this.#step, activation: this.#activation, ...difference });
    if (actual.kind !== 'reply') return;
    this.#step = actual.head.step ?? this.#step;
    this.#activation = actual.head.activation;
  }
}
