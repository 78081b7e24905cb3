import type { RunEnd } from '../protocol/agent/recording.ts';
import { JournalReader } from '../recording/journal-reader.ts';
import { JournalWriter } from '../recording/journal-writer.ts';

/** Ends a run that no process goes on with. Throws `run_in_use`, `not_found`, `usage` when it is over. */
export function endRun(file: string, end: RunEnd, message: string): void {
  const journal = JournalWriter.continue(file);
  try {
    journal.append({ kind: 'end', head: { end, message, ...chargedUntilLastRest(file) } });
    journal.commit();
  } finally {
    journal.close();
  }
}

function chargedUntilLastRest(file: string): { fuel: string; steps: number; tokens: number } {
  const reader = JournalReader.open(file);
  try {
    const { fuel = '0', steps = 0, tokens = 0 } = reader.lastRest()?.entry.head ?? {};
    return { fuel, steps, tokens };
  } finally {
    reader.close();
  }
}
