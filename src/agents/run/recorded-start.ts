import type { CallEntry, RestEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { callApprovals, type CallApproval } from '../../recording/approvals.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import type { GuestState } from '../../sandbox/wasm/snapshot/guest-state.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { restoreState } from '../../sandbox/wasm/snapshot/restore-state.ts';
import { memoryImage } from './memory-image.ts';
import type { Call } from './reply-source.ts';
import { restedPosition, type RunPosition } from './run-position.ts';

/** A recorded rest that a run can go on from. */
export interface RecordedRest {
  /** number of its entry */
  readonly n: number;
  readonly rest: RestEntry['head'];
  readonly pending: readonly Call[];
  /** what was asked and decided about these calls */
  readonly approvals: ReadonlyMap<number, CallApproval>;
  readonly position: RunPosition;
  /** Throws `snapshot_corrupt`. `into`: as in RestoreOptions. */
  state(into?: (pages: number) => Uint8Array): GuestState;
}

/** The newest rest with a snapshot up to the end of this activation; undefined: only from the start. */
export function recordedRest(reader: JournalReader, module: MeteredModule, activation: number, memoryPagesMax: number): RecordedRest | undefined {
  const stored = activation < 0 ? undefined : reader.snapshotBefore(activation);
  if (stored === undefined) return undefined;
  const rest = stored.entry.head;
  const pending = rest.pending.map((call) => recordedCall(reader, call));
  const approvals = callApprovals(reader, rest.pending, stored.n);
  return { n: stored.n, rest, pending, approvals, position: restedPosition(rest, pending), state: (into) => restoreState(stored.bodies, memoryImage(module), { memoryPagesMax, into }) };
}

function recordedCall(reader: JournalReader, call: number): Call {
  const found = reader.call(call);
  if (found === undefined) throw new NanosError('recording_corrupt', `Call ${call}, which is pending, is not in the recording`);
  return toCall(found.entry);
}

function toCall({ head, body }: CallEntry): Call {
  const { call, id, op, name } = head;
  return { call, id, op, name, args: body };
}
