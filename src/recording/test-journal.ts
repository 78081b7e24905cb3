import type { CallEntry, EndEntry, JournalEntry, ReplyEntry, RestEntry, RunEntry } from '../protocol/agent/recording.ts';
import { createRunId } from './run-id.ts';

/** For tests: entries with the least in them. */
export const MODULE_HASH = '11'.repeat(32);
const CLOCK = '1700000000000000000';

export function runEntry(head: Partial<RunEntry['head']> = {}): RunEntry {
  const common = { format: 2 as const, id: createRunId(), name: 'secret', manifest: { name: 'secret' }, goal: 'Find it', module: MODULE_HASH, source: '22'.repeat(32) };
  return { kind: 'run', head: { ...common, meter: 1, engine: '12.4', seed: '33'.repeat(32), clock: CLOCK, ...head } };
}

export function callEntry(call: number, body = '{"path":"in.txt"}'): CallEntry {
  return { kind: 'call', head: { call, id: call + 1, name: 'fs_read', op: 16 }, body: Buffer.from(body) };
}

export function replyEntry(call: number, head: Partial<ReplyEntry['head']> = {}): ReplyEntry {
  const common = { seq: call, call, status: 0 as const, inline: false, step: call + 1, clock: CLOCK, activation: call + 1 };
  return { kind: 'reply', head: { ...common, ...head }, body: Buffer.from(`result ${call}`), outside: { latencyUs: 1_500, tokens: 3 } };
}

export function restEntry(activation: number, head: Partial<RestEntry['head']> = {}, body?: Uint8Array): RestEntry {
  const counts = { steps: activation, tokens: 0, calls: activation + 1, replies: activation, bytes: 100, pending: [activation] };
  return {
    kind: 'rest',
    head: { activation, clock: CLOCK, fuel: String(1_000 * (activation + 1)), memoryPages: 16, randomBytes: 0, ...counts, ...head },
    ...(body === undefined ? {} : { body }),
  };
}

export function endEntry(steps: number, end: EndEntry['head']['end'] = 'done'): EndEntry {
  return { kind: 'end', head: { end, message: 'Found it', fuel: '5000', steps, tokens: 3 } };
}

/** A run of so many steps, each a call in one activation and its reply in the next; every fourth rest has a keyframe. */
export function* entriesOf(steps: number): Generator<JournalEntry> {
  for (let step = 0; step <= steps; step++) {
    if (step > 0) yield replyEntry(step - 1);
    if (step < steps) yield callEntry(step);
    const snapshot = step % 4 === 0 ? { kind: 'key' as const } : { kind: 'delta' as const, base: step - 1 };
    const pending = step < steps ? [step] : [];
    yield restEntry(step, { calls: Math.min(step + 1, steps), pending, snapshot }, Buffer.from(`${snapshot.kind} ${step}`));
  }
}
