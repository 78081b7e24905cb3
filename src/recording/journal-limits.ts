/** Bounds of one run's journal; the table is in docs/recording.md. */
export interface JournalLimits {
  /** of an entry's head and of what stands outside its hash, as JSON in UTF-8 */
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
  /** of the whole file, the module of an export included */
  readonly journalBytesMax: number;
}

export const JOURNAL_LIMITS: JournalLimits = {
  headBytesMax: 4 * 1024 * 1024,
  bodyBytesMax: 256 * 1024 * 1024,
  journalBytesMax: 4 * 1024 * 1024 * 1024,
};
