import { statSync } from 'node:fs';
import type { ForkOrigin, RunEnd } from '../protocol/agent/recording.ts';
import { toErrorData } from '../protocol/errors.ts';
import { JournalReader } from './journal-reader.ts';
import { runStartedMs } from './run-id.ts';
import { isRunLocked } from './run-lock.ts';

/** How a run ended, or that it has not: `interrupted` when no process goes on with it, `unreadable` when its recording can't be read. */
export type RunStatus = RunEnd | 'running' | 'interrupted' | 'unreadable';

export interface RunSummary {
  readonly id: string;
  readonly name: string;
  readonly startedMs: number;
  readonly status: RunStatus;
  /** what `done` said, or what went wrong */
  readonly message: string;
  readonly steps: number;
  /** of its files */
  readonly bytes: number;
  readonly fork?: ForkOrigin | undefined;
}

/** Of the journal in a file, from its first and last entries. Never throws for what is in the file: such a run is `unreadable`, and its message says why. */
export function summarizeRun(file: string, id: string): RunSummary {
  try {
    const reader = JournalReader.open(file);
    try {
      return summaryOf(reader, id);
    } finally {
      reader.close();
    }
  } catch (error) {
    return { ...common(file, id), name: '', status: 'unreadable', message: toErrorData(error).message, steps: 0 };
  }
}

/** Of an open journal, its files included. */
export function summaryOf(reader: JournalReader, id: string): RunSummary {
  return { ...common(reader.file, id), ...summarize(reader) };
}

function common(file: string, id: string): Pick<RunSummary, 'id' | 'startedMs' | 'bytes'> {
  return { id, startedMs: runStartedMs(id), bytes: journalBytes(file) };
}

/** Of an open journal. The lock is looked at first: of a run that nobody holds, all that there is to read is there. */
export function summarize(reader: JournalReader): Pick<RunSummary, 'name' | 'status' | 'message' | 'steps' | 'fork'> {
  const { name, fork } = reader.run.head;
  const isLocked = isRunLocked(reader.file);
  const last = reader.last().entry;
  if (last.kind === 'end' && !isLocked) return { name, fork, status: last.head.end, message: last.head.message, steps: last.head.steps };
  const steps = reader.lastRest()?.entry.head.steps ?? 0;
  return { name, fork, status: isLocked ? 'running' : 'interrupted', message: '', steps };
}

/** Bytes on disk, what SQLite puts beside it included. */
export function journalBytes(file: string): number {
  let bytes = 0;
  for (const suffix of ['', '-wal', '-shm']) bytes += statSync(`${file}${suffix}`, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
