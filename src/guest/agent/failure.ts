/** What ends an agent as failed: errors that nobody caught. */
import { areCallsOver, endCalls, tell } from './calls.ts';
import { formatLog } from '../webapi/console/lazy/format.ts';

/** What nanos_start and nanos_resume return. */
export const ACTIVATION = { rests: 0, threw: 1, outOfMemory: 2 } as const;

let outcome: number = ACTIVATION.rests;
const unhandled = new Map<Promise<unknown>, unknown>();

/** Says what was thrown; the run ends as failed when the activation is over. Only the first failure counts, and none after an exit. */
export function reportFailure(error: unknown, intro = 'Uncaught'): void {
  if (areCallsOver()) return;
  outcome = isOutOfMemory(error) ? ACTIVATION.outOfMemory : ACTIVATION.threw;
  tell('log', { level: 'fatal' }, formatLog([intro, error]));
  endCalls();
}

/** The engine throws null when there is not even room for the error. */
function isOutOfMemory(error: unknown): boolean {
  return error === null || (error instanceof Error && error.name === 'InternalError' && error.message === 'out of memory');
}

export function noteRejection(promise: Promise<unknown>, reason: unknown, isHandled: boolean): void {
  if (isHandled) unhandled.delete(promise);
  else unhandled.set(promise, reason);
}

/** At rest: what is still unhandled stays so. Returns the status of the activation. */
export function settleActivation(): number {
  for (const reason of unhandled.values()) reportFailure(reason, 'Uncaught (in promise)');
  unhandled.clear();
  return outcome;
}
