/** Runs on record as the control plane shows them, read from their journals. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunDetail, RunEvent, RunFilter, RunPage, RunView } from '../protocol/agent/control.ts';
import type { JournalEntry } from '../protocol/agent/recording.ts';
import { NanosError } from '../protocol/errors.ts';
import { waitingCalls } from '../recording/approvals.ts';
import { isFinal } from '../recording/entry-order.ts';
import { JournalReader } from '../recording/journal-reader.ts';
import { pendingApproval } from '../recording/pending-approval.ts';
import { RUN_ID_PATTERN } from '../recording/run-id.ts';
import type { RunStore } from '../recording/run-store.ts';
import { summarizeRun, summaryOf, type RunSummary } from '../recording/run-summary.ts';
import { AGENT_HOST_LIMITS } from './agent-host-limits.ts';
import type { HostedRuns } from './agent-hosted-runs.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export class RunViews {
  readonly #store: RunStore;
  readonly #hosted: HostedRuns;

  constructor(store: RunStore, hosted: HostedRuns) {
    this.#store = store;
    this.#hosted = hosted;
  }

  /** The file of a run, by its complete id; nothing else becomes part of a path. */
  fileOf(id: string): string {
    if (!RUN_ID_PATTERN.test(id)) throw new NanosError('not_found', `No run has the id ${JSON.stringify(id.slice(0, 100))}`);
    return join(this.#store.folder, `${id}.sqlite`);
  }

  list({ limit, before, status }: RunFilter): RunPage {
    const runs: RunView[] = [];
    let scanned = 0;
    let last: string | undefined;
    for (const summary of this.#store.list(before)) {
      if (runs.length >= limit || scanned >= AGENT_HOST_LIMITS.listScannedMax) return { runs, next: last };
      scanned++;
      last = summary.id;
      const view = this.#toView(summary);
      if (status === undefined || view.status === status) runs.push({ ...view, message: view.message.slice(0, AGENT_HOST_LIMITS.listedMessageCharactersMax) });
    }
    return { runs, next: undefined };
  }

  view(id: string): RunView {
    return this.#toView(summarizeRun(this.#present(id), id));
  }

  detail(id: string): RunDetail {
    return this.#read(id, (reader) => reader.atOnce(() => {
      const view = this.#toView(summaryOf(reader, id));
      const rest = reader.lastRest()?.entry.head;
      const end = reader.last().entry;
      const { fuel = '0', tokens = 0 } = end.kind === 'end' ? end.head : (rest ?? {});
      const isOver = end.kind === 'end' && isFinal(end.head.end);
      const pending = isOver ? [] : (rest?.pending ?? []);
      const approvals = isOver ? [] : waitingCalls(reader).map(pendingApproval);
      return { ...view, goal: reader.run.head.goal, fuel, tokens, entries: reader.length, pending: pending.map((call) => reader.call(call)?.entry.head.name ?? ''), approvals };
    }));
  }

  /** SHA-256 of the run's module as it was given. */
  source(id: string): string {
    return this.#read(id, (reader) => reader.run.head.source);
  }

  /** Differs when the journal has been written on; far cheaper than a look into it. */
  stamp(id: string): string {
    const file = this.fileOf(id);
    return [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })).map((stats) => `${stats?.mtimeMs}/${stats?.size}`).join();
  }

  /** How many events there are after the `after`-th. */
  newEvents(id: string, after: number): number {
    return this.#read(id, (reader) => Math.max(0, reader.length - 1 - after));
  }

  events(id: string, after: number): RunEvent[] {
    return this.#read(id, (reader) => {
      const events: RunEvent[] = [];
      let bytes = 0;
      for (const { n, entry } of reader.entries({ from: after + 1 })) {
        const event = toEvent(n, entry);
        bytes += JSON.stringify(event).length;
        events.push(event);
        if (events.length >= AGENT_HOST_LIMITS.eventsMax || bytes >= AGENT_HOST_LIMITS.eventsBytesMax) break;
      }
      return events;
    });
  }

  #read<T>(id: string, read: (reader: JournalReader) => T): T {
    const reader = JournalReader.open(this.#present(id));
    try {
      return read(reader);
    } finally {
      reader.close();
    }
  }

  /** Without a path of the host in its message. */
  #present(id: string): string {
    const file = this.fileOf(id);
    if (this.#store.has(id)) return file;
    throw new NanosError('not_found', `No run with the id ${id} is on record`);
  }

  #toView({ id, name, startedMs, status, message, steps, bytes, fork }: RunSummary): RunView {
    const uncertain = status === 'interrupted' ? this.#hosted.get(id)?.uncertain : undefined;
    return {
      id,
      agent: name,
      status: uncertain === undefined ? status : 'uncertain',
      message: uncertain ?? message,
      steps,
      started_at: new Date(startedMs).toISOString(),
      bytes,
      ...(fork === undefined ? {} : { fork: { run: fork.run, step: fork.step } }),
    };
  }
}

function toEvent(n: number, { kind, head, body }: JournalEntry): RunEvent {
  if (body === undefined) return { n, kind, head };
  if (kind === 'rest') return { n, kind, head, body: { bytes: body.length } };
  return { n, kind, head, body: { bytes: body.length, ...textOf(body) } };
}

function textOf(body: Uint8Array): { text: string; cut?: true } | undefined {
  const { eventTextBytesMax } = AGENT_HOST_LIMITS;
  if (body.length <= eventTextBytesMax) return decode(body);
  // A character is at most four bytes: one of these ends is between two.
  for (let end = eventTextBytesMax; end > eventTextBytesMax - 4; end--) {
    const decoded = decode(body.subarray(0, end));
    if (decoded !== undefined) return { ...decoded, cut: true };
  }
  return undefined;
}

function decode(bytes: Uint8Array): { text: string } | undefined {
  try {
    return { text: UTF8.decode(bytes) };
  } catch {
    return undefined;
  }
}
