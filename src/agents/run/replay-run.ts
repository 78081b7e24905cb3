import type { JournalEntry, RunEnd } from '../../protocol/agent/recording.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import { isFinal } from '../../recording/entry-order.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { WASM_PAGE_BYTES } from '../../sandbox/wasm/snapshot/guest-state.ts';
import { AgentRun, type RunResult } from './agent-run.ts';
import { CheckedJournal } from './checked-journal.ts';
import type { LogLevel } from './control-call.ts';
import { EntryCursor } from './entry-cursor.ts';
import { recordedRest } from './recorded-start.ts';
import { readRecordedManifest } from './recorded-manifest.ts';
import { RecordedReplies, RecordingOver } from './recorded-replies.ts';


export interface ReplayOptions {
  readonly onLog?: (level: LogLevel, text: string) => void;
  /** is told how much is done, from 0 to 1 */
  readonly onProgress?: (done: number) => void;
  /** aborted: the replay ends with its reason */
  readonly signal?: AbortSignal;
}

export interface ReplayResult {
  /** undefined: the recording ends before the run does */
  readonly end: RunEnd | undefined;
  readonly message: string;
  /** entries of the journal that were found to be as recorded */
  readonly entries: number;
  readonly steps: number;
  readonly fuel: bigint;
}

/**
 * Runs the recorded module against the recorded results, and nothing else: no file, no clock, no network. Every syscall, its arguments, fuel, memory size and state hash are compared.
 * Throws a DivergenceError, `recording_corrupt`, `recording_invalid`.
 */
export async function replayRun(reader: JournalReader, module: MeteredModule, options: ReplayOptions = {}): Promise<ReplayResult> {
  const { head } = reader.run;
  const { budgets } = readRecordedManifest(head.manifest);
  const base = head.fork?.base === undefined ? undefined : recordedRest(reader, module, head.fork.base, Math.floor(budgets.memoryBytesMax / WASM_PAGE_BYTES));
  const progress: RunProgress = { entries: base?.n ?? 0, steps: base?.rest.steps ?? 0, fuel: BigInt(base?.rest.fuel ?? 0) };
  const { length } = reader;
  const cursor = new EntryCursor(replayed(reader, { from: (base?.n ?? 0) + 1, to: length }, progress));
  const run = new AgentRun({
    module,
    budgets,
    seed: Buffer.from(head.seed, 'hex'),
    clock: BigInt(head.clock),
    journal: new CheckedJournal(cursor, undefined, { step: progress.steps, activation: base?.rest.activation ?? 0 }),
    replies: new RecordedReplies(cursor, undefined, base),
    hashesOnly: () => true,
    onLog: options.onLog,
    onRest: (position) => {
      options.signal?.throwIfAborted();
      progress.steps = position.steps;
      progress.fuel = position.fuel;
      options.onProgress?.(progress.entries / length);
    },
    from: base,
  });
  const result = await untilOver(run);
  return { end: result?.end, message: result?.message ?? '', entries: progress.entries, steps: result?.steps ?? progress.steps, fuel: result?.fuel ?? progress.fuel };
}

interface RunProgress {
  entries: number;
  steps: number;
  fuel: bigint;
}

async function untilOver(run: AgentRun): Promise<RunResult | undefined> {
  try {
    return await run.run();
  } catch (error) {
    if (error instanceof RecordingOver) return undefined;
    throw error;
  }
}

/** All entries but ends after which the run went on. */
function* replayed(reader: JournalReader, range: { from: number; to: number }, progress: RunProgress): Generator<JournalEntry, void> {
  for (const { n, entry } of reader.entries(range)) {
    progress.entries = n + 1;
    if (n + 1 === range.to || entry.kind !== 'end' || isFinal(entry.head.end)) yield entry;
  }
}
