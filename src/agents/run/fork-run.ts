import { join } from 'node:path';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import type { JournalEntry, ReplyEntry, RunEntry } from '../../protocol/agent/recording.ts';
import { REPLY_STATUS } from '../../protocol/agent/syscalls.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { JournalReader, Numbered } from '../../recording/journal-reader.ts';
import { JournalWriter } from '../../recording/journal-writer.ts';
import { createRunId } from '../../recording/run-id.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { WASM_PAGE_BYTES } from '../../sandbox/wasm/snapshot/guest-state.ts';
import { SnapshotWriter } from '../../sandbox/wasm/snapshot/snapshot-writer.ts';
import { continueRun, type UncertainRule } from './continue-run.ts';
import { editedReply } from './edited-reply.ts';
import { memoryImage } from './memory-image.ts';
import { recordedRest, type RecordedRest } from './recorded-start.ts';
import { readRecordedManifest, recordManifest } from './recorded-manifest.ts';
import type { Call, Reply } from './reply-source.ts';
import type { RunEnvironment } from './run-environment.ts';
import type { StartedRun } from './start-run.ts';

const EMPTY = new Uint8Array(0);

export interface ForkOptions {
  /** the first step whose result is not the parent's, from 1; 0: nothing of the parent is used again but its module, manifest and seed */
  readonly step: number;
  /** the result of that step: edited-reply.ts; undefined: the call is made again, live */
  readonly edit?: unknown;
  /** what the agent is told when it asks for its goal from then on */
  readonly goal?: string | undefined;
  /** absolute, links resolved: the agent's folder in place of the recorded one */
  readonly folder?: string | undefined;
  readonly uncertain: UncertainRule;
}

/**
 * Starts a run of its own that is the parent's up to a step, and then goes on live: the step's result is edited or observed anew, calls from before it get the results that the parent got,
 * and everything later goes out through the gate. Throws `not_found` when there is no such step.
 */
export function forkRun(reader: JournalReader, module: MeteredModule, options: ForkOptions, environment: RunEnvironment): StartedRun {
  const parent = reader.run.head;
  const recorded = readRecordedManifest(parent.manifest);
  const { goal = recorded.goal, folder = recorded.folder } = options;
  const manifest = { ...recorded, goal, folder };
  const cut = options.step === 0 ? undefined : findStep(reader, options.step);
  const found = cut === undefined ? undefined : recordedRest(reader, module, cut.entry.head.activation - 1, Math.floor(manifest.budgets.memoryBytesMax / WASM_PAGE_BYTES));
  const remade = options.edit === undefined ? cut?.entry.head.call : undefined;
  const from = found === undefined ? undefined : { ...askingAnew(found, remade), snapshots: new SnapshotWriter(memoryImage(module)) };
  const clock = cut === undefined ? environment.nowNs() : BigInt(parent.clock);
  const entry = firstEntry(parent, manifest, options, { from, clock });
  const journal = JournalWriter.create(join(environment.dataDir, 'runs'), entry, { mask: environment.mask });
  if (from !== undefined) appendBase(journal, from);
  environment.watcher.begun?.(entry.head.id);
  const known = knownReplies(reader, cut, options.edit);
  const result = continueRun(
    {
      module,
      manifest,
      reader,
      from,
      clock,
      recorded: cut === undefined ? [] : entriesBetween(reader, { from: (from?.n ?? 0) + 1, to: cut.n, remade }),
      onward: { journal, copies: true },
      uncertain: options.uncertain,
      known,
      again: ({ call }) => call === cut?.entry.head.call,
    },
    environment,
  );
  return { id: entry.head.id, file: journal.file, module, result: result.finally(() => journal.close()) };
}

function findStep(reader: JournalReader, step: number): Numbered<ReplyEntry> {
  const found = reader.step(step);
  if (found !== undefined) return found;
  const { id, fork } = reader.run.head;
  if (fork?.base !== undefined && step < fork.step) throw new NanosError('not_found', `The run ${id} is a fork: what was before its step ${fork.step} is on record as the run ${fork.run}`);
  const steps = reader.lastRest()?.entry.head.steps ?? 0;
  throw new NanosError('not_found', `The run ${id} has no step ${step}: ${steps === 0 ? 'it completed none' : `it has ${steps}, counted from 1`}`);
}

function firstEntry(parent: RunEntry['head'], manifest: AgentManifest, { step, edit, goal }: ForkOptions, { from, clock }: { from: RecordedRest | undefined; clock: bigint }): RunEntry {
  const fork = {
    run: parent.id,
    step,
    ...(edit === undefined ? undefined : { edit }),
    ...(goal === undefined ? undefined : { goal }),
    ...(from === undefined ? undefined : { base: from.rest.activation }),
  };
  const head = { ...parent, id: createRunId(), manifest: recordManifest(manifest), goal: manifest.goal, engine: process.versions.v8, clock: String(clock), fork };
  return { kind: 'run', head };
}

/** So that the fork can be replayed without its parent. */
function appendBase(journal: JournalWriter, { rest, pending, approvals, guest, snapshots }: ForkStart): void {
  for (const { call, id, name, op, args } of pending) {
    journal.append({ kind: 'call', head: { call, id, name, op }, body: args ?? EMPTY });
    const approval = approvals.get(call);
    if (approval === undefined) continue;
    journal.append({ kind: 'ask', head: { call, tool: approval.tool } });
    if (approval.decision !== undefined) journal.append(approval.decision);
    if (approval.acted) journal.append({ kind: 'act', head: { call } });
  }
  const { body, kind } = snapshots.begin(guest.state(), rest.activation);
  journal.append({ kind: 'rest', head: { ...rest, snapshot: { kind } }, body });
}

type ForkStart = RecordedRest & { readonly snapshots: SnapshotWriter };

/** A call that is made once more is asked about once more. */
function askingAnew(from: RecordedRest, remade: number | undefined): RecordedRest {
  const approval = remade === undefined ? undefined : from.approvals.get(remade);
  if (remade === undefined || approval === undefined) return from;
  const waiting = [...new Set([...(from.rest.waiting ?? []), remade])];
  const approvals = new Map(from.approvals).set(remade, { ...approval, decision: undefined, acted: false });
  return { ...from, rest: { ...from.rest, waiting }, approvals, position: { ...from.position, waiting: new Set(waiting) } };
}

interface Between {
  readonly from: number;
  readonly to: number;
  readonly remade: number | undefined;
}

function* entriesBetween(reader: JournalReader, { from, to, remade }: Between): Generator<JournalEntry, void> {
  for (const { entry } of reader.entries({ from, to })) {
    const isWithdrawn = (entry.kind === 'decision' || entry.kind === 'act') && entry.head.call === remade;
    if (entry.kind !== 'end' && !isWithdrawn) yield entry;
  }
}

/** The edited result of the cut, and the parent's results of calls that were made before it. */
function knownReplies(reader: JournalReader, cut: Numbered<ReplyEntry> | undefined, edit: unknown): (call: Call) => readonly Reply[] | undefined {
  if (cut === undefined) return () => undefined;
  let later: Map<number, Reply[]> | undefined;
  return ({ call }) => {
    if (call === cut.entry.head.call) return edit === undefined ? undefined : [editedReply(edit)];
    if (call > cut.entry.head.call && cut.entry.head.inline) return undefined;
    later ??= laterReplies(reader, cut);
    return later.get(call);
  };
}

/** Replies that came by a resume after the cut, of calls that got the last of them. */
function laterReplies(reader: JournalReader, cut: Numbered<ReplyEntry>): Map<number, Reply[]> {
  const open = new Map<number, Reply[]>();
  const whole = new Map<number, Reply[]>();
  for (const { entry } of reader.entries({ from: cut.n + 1, to: reader.length })) {
    if (entry.kind !== 'reply' || entry.head.inline) continue;
    const { call, status, denied } = entry.head;
    const replies = open.get(call) ?? [];
    replies.push({ status, body: entry.body, denied, ...entry.outside });
    open.set(call, replies);
    if (status !== REPLY_STATUS.chunk) whole.set(call, replies);
  }
  return whole;
}
