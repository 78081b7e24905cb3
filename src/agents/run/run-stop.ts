import type { RunEnd } from '../../protocol/agent/recording.ts';
import { RUN_LIMITS, type RunLimit } from './run-limits.ts';

/** Thrown inside a call that the guest makes: the run is over. */
export class RunStop extends Error {
  override readonly name = 'RunStop';
  readonly end: RunEnd;

  constructor(end: RunEnd, message: string) {
    super(message);
    this.end = end;
  }
}

/** The guest broke the rules of the ABI. */
export function abiFault(message: string): RunStop {
  return new RunStop('agent_abi', message);
}

/** Throws when `value` is past the limit. */
export function checkLimit(limit: RunLimit, value: number): void {
  if (value > RUN_LIMITS[limit]) throw abiFault(`The agent went past the host's limit ${limit} (${RUN_LIMITS[limit]})`);
}
