import { unpackPayload } from '../../protocol/agent/payload.ts';
import { REPLY_STATUS, SYSCALLS, type SyscallKind, type SyscallName } from '../../protocol/agent/syscalls.ts';
import type { CallEntry } from '../../protocol/agent/recording.ts';
import { callApprovals } from '../../recording/approvals.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import type { Handlers } from './gate.ts';
import { printableBytes } from './printable-bytes.ts';

/** Something outside that a run changed. */
export interface LastingEffect {
  readonly step: number;
  readonly name: SyscallName;
  /** its arguments, for a person to read */
  readonly what: string;
}

/** What a run changed outside from this step on: a fork from there does not undo it. */
export function* lastingEffects(reader: JournalReader, step: number, handlers: Handlers): Generator<LastingEffect, void> {
  const from = reader.step(step)?.n ?? 1;
  for (const { entry } of reader.entries({ from, to: reader.length })) {
    if (entry.kind !== 'reply' || entry.head.step === undefined || entry.head.status !== REPLY_STATUS.result) continue;
    const call = reader.call(entry.head.call)?.entry;
    if (call === undefined || call.head.name === 'unknown') continue;
    const made = { ...call, body: editedArguments(reader, call) ?? call.body };
    if (effectOf(made, handlers) === 'none') continue;
    yield { step: entry.head.step, name: call.head.name, what: printableBytes(made.body) };
  }
}

/** Of a call that was approved with others than its own. */
function editedArguments(reader: JournalReader, { head: { call } }: CallEntry): Uint8Array | undefined {
  return callApprovals(reader, [call], reader.length).get(call)?.decision?.body;
}

function effectOf({ head, body }: CallEntry, handlers: Handlers): SyscallKind['effect'] {
  if (head.name === 'unknown') return 'none';
  const handler = handlers.get(head.name);
  const args = handler?.arguments.safeParse(headOf(body));
  const effect = args?.success === true ? handler?.effect?.(args.data) : undefined;
  return effect ?? SYSCALLS[head.name].effect;
}

function headOf(body: Uint8Array): unknown {
  try {
    return unpackPayload(body).head;
  } catch {
    return undefined;
  }
}
