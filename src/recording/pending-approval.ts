import { unpackPayload, type Payload } from '../protocol/agent/payload.ts';
import type { PendingApproval } from '../protocol/agent/control.ts';
import type { WaitingCall } from './approvals.ts';

const ARGUMENTS_BYTES_MAX = 16 * 1024;
const BODY_BYTES_MAX = 4 * 1024;

/** A call that waits, for whoever decides about it; as the agent wrote it, in part. */
export function pendingApproval({ entry, tool }: WaitingCall): PendingApproval {
  const { body } = payloadOf(entry.body);
  const line = body === undefined ? entry.body : entry.body.subarray(0, entry.body.length - body.length - 1);
  const common = { call: entry.head.call, tool, syscall: entry.head.name, arguments: textOf(line, ARGUMENTS_BYTES_MAX), arguments_bytes: line.length };
  return body === undefined ? common : { ...common, body: { bytes: body.length, text: textOf(body, BODY_BYTES_MAX) } };
}

function payloadOf(args: Uint8Array): Payload {
  try {
    return unpackPayload(args);
  } catch {
    return { head: undefined, body: undefined };
  }
}

/** Bytes that are no UTF-8 are shown as U+FFFD. */
function textOf(bytes: Uint8Array, bytesMax: number): string {
  return new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
}
