import type { PendingApproval } from '../protocol/agent/control.ts';
import { waitingCalls } from '../recording/approvals.ts';
import { isFinal } from '../recording/entry-order.ts';
import { JournalReader } from '../recording/journal-reader.ts';
import { pendingApproval } from '../recording/pending-approval.ts';

/** The calls of a run that wait for a person's word; none of a run that is over. */
export function readApprovals(file: string): PendingApproval[] {
  const reader = JournalReader.open(file);
  try {
    return approvalsOf(reader);
  } finally {
    reader.close();
  }
}

export function approvalsOf(reader: JournalReader): PendingApproval[] {
  const { entry } = reader.last();
  return entry.kind === 'end' && isFinal(entry.head.end) ? [] : waitingCalls(reader).map(pendingApproval);
}
