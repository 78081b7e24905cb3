import type { ApprovalRequest } from '../../protocol/agent/control.ts';
import { packPayload, unpackPayload } from '../../protocol/agent/payload.ts';
import type { DecisionEntry, DecisionSource } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';

/** A person's word about one call, and who gave it. */
export interface GivenWord {
  readonly call: number;
  readonly request: ApprovalRequest;
  readonly by: DecisionSource;
  /** of the token, for a request */
  readonly scope?: string | undefined;
  readonly decidedMs: number;
}

export type Decision = Omit<DecisionEntry, 'kind'>;

/** As it will stand in the journal. `args`: what the agent called with. Throws `bad_request` for an edit that changes nothing. */
export function toDecision({ call, request, by, scope, decidedMs }: GivenWord, args: () => Uint8Array): Decision {
  const { decision, reason } = request;
  const head = { call, decision, by, ...(scope === undefined ? {} : { scope }), ...(reason === undefined ? {} : { reason }) };
  return decision === 'edit' ? { head, body: editedArguments(args(), request), outside: { decidedMs } } : { head, outside: { decidedMs } };
}

function editedArguments(args: Uint8Array, request: ApprovalRequest): Uint8Array {
  if (request.arguments === undefined && request.body === undefined) throw new NanosError('bad_request', 'An edit needs other arguments, another body, or both');
  const { head, body } = unpackPayload(args);
  const edited = typeof request.body === 'string' ? new TextEncoder().encode(request.body) : request.body;
  return packPayload(request.arguments ?? head ?? {}, edited ?? body);
}
