import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { AgentRun, type RunResult } from './agent-run.ts';
import { CheckedJournal, type Onward } from './checked-journal.ts';
import { EntryCursor } from './entry-cursor.ts';
import { liveReplies } from './live-environment.ts';
import type { LiveReplies } from './live-replies.ts';
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
    replies: new RecordedReplies(cursor, continuation(live, continued), from?.pending),
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
    takeOver: (pending) => {
      const unknown: Call[] = [];
      for (const call of pending) {
        const replies = known(call);
        if (replies === undefined) unknown.push(call);
        else answer(call, replies);
      }
      const risky = unknown.filter((call) => !again(call) && live.effectOf(call) === 'effect');
      if (risky.length > 0 && uncertain.kind === 'stop') return uncertainEnd(risky);
      for (const call of unknown) {
        if (uncertain.kind === 'skip' && risky.includes(call)) live.answer(call, uncertain.reply);
        else live.repeat(call);
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
