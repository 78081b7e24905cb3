import { NanosError } from '../../protocol/errors.ts';
import { isFinal } from '../../recording/entry-order.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { JournalWriter } from '../../recording/journal-writer.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { WASM_PAGE_BYTES } from '../../sandbox/wasm/snapshot/guest-state.ts';
import type { RunResult } from './agent-run.ts';
import { continueRun, type UncertainRule } from './continue-run.ts';
import { recordedRest } from './recorded-start.ts';
import { readRecordedManifest } from './recorded-manifest.ts';
import type { RunEnvironment } from './run-environment.ts';


/**
 * Goes on with an interrupted run from the last that is on record, in the same journal. Observations and idempotent calls that were in flight are made again;
 * effects whose result is not on record are treated by `uncertain`. Throws `run_in_use`, `usage` when the run is over.
 */
export async function resumeRun(file: string, module: MeteredModule, uncertain: UncertainRule, environment: RunEnvironment): Promise<RunResult> {
  const journal = JournalWriter.continue(file, { mask: environment.mask });
  try {
    const reader = JournalReader.open(file);
    try {
      return await goOn(reader, journal, module, uncertain, environment);
    } finally {
      reader.close();
    }
  } finally {
    journal.close();
  }
}

function goOn(reader: JournalReader, journal: JournalWriter, module: MeteredModule, uncertain: UncertainRule, environment: RunEnvironment): Promise<RunResult> {
  const { head } = reader.run;
  const manifest = readRecordedManifest(head.manifest);
  const from = recordedRest(reader, module, Number.MAX_SAFE_INTEGER, Math.floor(manifest.budgets.memoryBytesMax / WASM_PAGE_BYTES));
  if (from === undefined && head.fork?.base !== undefined) throw new NanosError('recording_corrupt', 'The fork has lost the rest that it begins with');
  return continueRun(
    {
      module,
      manifest,
      reader,
      from,
      clock: BigInt(head.clock),
      recorded: withoutPauses(reader, (from?.n ?? 0) + 1),
      onward: { journal, copies: false },
      uncertain,
      known: () => undefined,
      again: () => false,
    },
    environment,
  );
}

/** What is on record now: what is appended meanwhile is no longer to be read. */
function* withoutPauses(reader: JournalReader, from: number) {
  for (const { entry } of reader.entries({ from, to: reader.length })) if (entry.kind !== 'end' || isFinal(entry.head.end)) yield entry;
}
