import { readFileSync } from 'node:fs';
import { recordDecision } from '../agents/run/record-decision.ts';
import type { RunEnvironment } from '../agents/run/run-environment.ts';
import type { ApprovalRequest, PendingApproval } from '../protocol/agent/control.ts';
import { NanosError } from '../protocol/errors.ts';
import type { CliIo } from './cli-io.ts';
import { describeApproval } from './describe-approval.ts';
import { describeError } from './describe-error.ts';
import { readApprovals } from './read-approvals.ts';

export interface TerminalDecisions {
  readonly decided: number;
  /** the person has left it at that */
  readonly hasLeft: boolean;
}

type Answer = ApprovalRequest | 'left' | 'unclear';

/** Asks a person at the terminal about each call that waits, and puts the answers on record. */
export async function decideAtTerminal(file: string, environment: RunEnvironment, { askLine, stderr }: Pick<CliIo, 'askLine' | 'stderr'>): Promise<TerminalDecisions> {
  if (askLine === undefined) return { decided: 0, hasLeft: true };
  let decided = 0;
  for (const approval of readApprovals(file)) {
    stderr.write(`nanos: waits for approval: ${describeApproval(approval)}`);
    for (let isDecided = false; !isDecided; ) {
      const answer = await askOnce(askLine);
      if (answer === 'left') {
        stderr.write('\n');
        return { decided, hasLeft: true };
      }
      if (answer !== 'unclear') isDecided = record(file, approval, answer, { environment, stderr });
    }
    decided++;
  }
  return { decided, hasLeft: false };
}

function record(file: string, { call }: PendingApproval, request: ApprovalRequest, { environment, stderr }: { readonly environment: RunEnvironment } & Pick<CliIo, 'stderr'>): boolean {
  try {
    recordDecision(file, { call, request, by: 'terminal', decidedMs: Date.now() }, environment);
    return true;
  } catch (error) {
    if (!(error instanceof NanosError) || (error.code !== 'edit_refused' && error.code !== 'bad_request')) throw error;
    stderr.write(`${describeError(error, false)}\n`);
    return false;
  }
}

async function askOnce(askLine: NonNullable<CliIo['askLine']>): Promise<Answer> {
  const answer = await askLine('[a]pprove, [d]eny, [e]dit, [q]uit and decide later? ');
  switch (answer?.trim().toLowerCase()) {
    case 'a':
    case 'approve':
      return { decision: 'approve' };
    case 'd':
    case 'deny':
      return askReason(askLine);
    case 'e':
    case 'edit':
      return askEdit(askLine);
    case 'q':
    case 'quit':
    case undefined:
      return 'left';
    default:
      return 'unclear';
  }
}

async function askReason(askLine: NonNullable<CliIo['askLine']>): Promise<Answer> {
  const reason = await askLine('Reason, which the agent is told (may be empty): ');
  if (reason === undefined) return 'left';
  return reason.trim() === '' ? { decision: 'deny' } : { decision: 'deny', reason: reason.trim() };
}

async function askEdit(askLine: NonNullable<CliIo['askLine']>): Promise<Answer> {
  const written = await askLine('Arguments, as JSON on one line (empty: as they are): ');
  const file = written === undefined ? undefined : await askLine('File with the content (empty: as it is): ');
  if (written === undefined || file === undefined) return 'left';
  try {
    return { decision: 'edit', ...(written.trim() === '' ? {} : { arguments: JSON.parse(written) as unknown }), ...(file.trim() === '' ? {} : { body: readFileSync(file.trim()) }) };
  } catch {
    return 'unclear';
  }
}
