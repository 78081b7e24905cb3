import type { CallEntry, RestEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { callApprovals, type CallApproval } from '../../recording/approvals.ts';
import type { JournalReader } from '../../recording/journal-reader.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { snapshotHashes } from '../../sandbox/wasm/snapshot/snapshot-body.ts';
import type { RunStart } from './agent-run.ts';
import type { Call } from './reply-source.ts';
import { restedPosition } from './run-position.ts';
import { spareGuests } from './spare-guests.ts';

/** A recorded rest that a run can go on from, once. */
export interface RecordedRest extends RunStart {
  /** number of its entry */
  readonly n: number;
  readonly rest: RestEntry['head'];
  readonly pending: readonly Call[];
  /** what was asked and decided about these calls */
  readonly approvals: ReadonlyMap<number, CallApproval>;
}

/** The newest rest with a snapshot up to the end of this activation, restored; undefined: only from the start. Throws `snapshot_corrupt`, `recording_corrupt`. */
export function recordedRest(reader: JournalReader, module: MeteredModule, activation: number, memoryPagesMax: number): RecordedRest | undefined {
  const spare = spareGuests.stateHash(module, memoryPagesMax);
  const stored = activation < 0 ? undefined : reader.snapshotBefore(activation, (body) => spare !== undefined && snapshotHashes(body)?.base === spare);
  if (stored === undefined) return undefined;
  const rest = stored.entry.head;
  const pending = rest.pending.map((call) => recordedCall(reader, call));
  const approvals = callApprovals(reader, rest.pending, stored.n);
  return { n: stored.n, rest, pending, approvals, position: restedPosition(rest, pending), guest: spareGuests.restore(module, stored.bodies, memoryPagesMax) };
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
