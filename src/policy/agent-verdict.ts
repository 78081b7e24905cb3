/** What the gate decides about a call. */
export type AgentVerdict = { readonly allowed: true } | AgentDenial;

export interface AgentDenial {
  readonly allowed: false;
  /** what was asked for, as the gate understood it */
  readonly asked: string;
  /** the line of the manifest or the operator, or the rule of nanos, that decided */
  readonly rule: string;
}

export const ALLOWED: AgentVerdict = { allowed: true };

export function denied(asked: string, rule: string): AgentDenial {
  return { allowed: false, asked, rule };
}
