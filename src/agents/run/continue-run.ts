import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { AgentRun, type RunResult } from './agent-run.ts';
import { CheckedJournal, type Onward } from './checked-journal.ts';
import { EntryCursor } from './entry-cursor.ts';
import { liveReplies } from './live-environment.ts';
import type { LiveReplies, UnknownCall } from './live-replies.ts';
import { printableBytes } from './printable-bytes.ts';
import { RecordedReplies, type Continuation } from './recorded-replies.ts';
import type { RecordedRest } from './recorded-start.ts';
import type { Call, OutsideEnd, Reply } from './reply-source.ts';
import type { RunEnvironment } from './run-environment.ts';

/** What to do about an effect that was begun and whose result is not on record. */
export type UncertainRule = { readonly kind: 'stop' } | { readonly kind: 'retry' } | { readonly kind: 'skip'; readonly reply: Reply };

export interface ContinuedRun {
  readonly module: MeteredModule;
  readonly manifest: AgentManifest;
  /** of the recording that is gone on from */
  readonly reader: JournalReader;
  /** where the guest is restored; absent: it starts from the beginning */
  readonly from: RecordedRest | undefined;
  /** ns since the epoch, of a start from the beginning */
  readonly clock: bigint;
  /** recorded entries from `from` on, against which the guest is run until they are used up */
  readonly recorded: Iterable<JournalEntry>;
  readonly onward: Onward;
  readonly uncertain: UncertainRule;
  /** Replies that are known to calls from before; each is given instead of making the call again. */
  readonly known: (call: Call) => readonly Reply[] | undefined;
  /** calls that are made again whatever they do outside */
  readonly again: (call: Call) => boolean;
}

/** Runs on from a recording: first against it, then live. */
export async function continueRun(continued: ContinuedRun, environment: RunEnvironment): Promise<RunResult> {
  const { module, manifest, reader, from, clock, onward } = continued;
  const { watcher } = environment;
  const cursor = new EntryCursor(continued.recorded);
  const live = liveReplies(manifest, environment);
  const run = new AgentRun({
    module,
    budgets: manifest.budgets,
    seed: Buffer.from(reader.run.head.seed, 'hex'),
    clock,
    journal: new CheckedJournal(cursor, onward, { step: from?.rest.steps ?? 0, activation: from?.rest.activation ?? 0 }),
    replies: new RecordedReplies(cursor, continuation(live, continued), from),
    hashesOnly: () => cursor.next !== undefined && !onward.copies,
    onLog: (level, text) => {
      if (cursor.next === undefined) watcher.log(level, text);
    },
    onRest: (position) => watcher.rest(position),
    from,
  });
  return run.run();
}

function continuation(live: LiveReplies, { known, again, uncertain }: ContinuedRun): Continuation {
  const answer = (call: Call, replies: readonly Reply[]): void => {
    for (const reply of replies) live.answer(call, reply);
  };
  return {
    live,
    inline: (call) => {
      const [reply, ...more] = known(call) ?? [];
      if (reply === undefined) return live.inline(call);
      if (reply.status === 0 && more.length === 0) return reply;
      answer(call, [reply, ...more]);
      return undefined;
    },
    takeOver: (pending, approvals) => {
      const unknown: UnknownCall[] = [];
      for (const call of pending) {
        const replies = known(call);
        const approval = approvals.get(call.call);
        if (replies !== undefined) answer(call, replies);
        else if (approval === undefined) unknown.push({ call, made: call });
        else if (approval.decision === undefined) live.waitFor(call);
        else if (approval.acted) unknown.push({ call, made: { ...call, args: approval.decision.body ?? call.args }, approved: true });
        else live.resumeDecided(call, approval.decision);
      }
      const risky = unknown.filter(({ call, made }) => !again(call) && live.effectOf(made) === 'effect');
      if (risky.length > 0 && uncertain.kind === 'stop') return uncertainEnd(risky.map(({ made }) => made));
      for (const one of unknown) {
        if (uncertain.kind === 'skip' && risky.includes(one)) live.answer(one.call, uncertain.reply);
        else live.repeat(one);
      }
      return undefined;
    },
  };
}

function uncertainEnd(calls: readonly Call[]): OutsideEnd {
  const which = calls.map(({ name, args }) => `${name} ${printableBytes(args ?? new Uint8Array())}`).join(', ');
  const message = `Begun, and the result is not on record: ${which}. It may have happened or not. Go on with --retry to do it again, or with --skip-with RESULT to take RESULT for its result`;
  return { end: 'uncertain', message };
}
