import { JournalWriter } from '../../../src/recording/journal-writer.ts';
import { callEntry, replyEntry, restEntry, runEntry } from '../../../src/recording/test-journal.ts';
import type { Snapshot } from '../../../src/sandbox/wasm/snapshot/snapshot-writer.ts';

export type TakenSnapshot = Extract<Snapshot, { readonly kind: 'key' | 'delta' }>;

/** A journal of rests with these snapshots, a call made before each and answered after it. Returns its file. */
export function writeSnapshotJournal(folder: string, snapshots: readonly TakenSnapshot[]): string {
  const journal = JournalWriter.create(folder, runEntry());
  for (const [activation, taken] of snapshots.entries()) {
    const snapshot = taken.kind === 'key' ? { kind: taken.kind } : { kind: taken.kind, base: taken.base };
    if (activation > 0) journal.append(replyEntry(activation - 1));
    journal.append(callEntry(activation));
    journal.append(restEntry(activation, { snapshot, state: taken.stateHash }, taken.body));
    journal.commit();
  }
  journal.close();
  return journal.file;
}
