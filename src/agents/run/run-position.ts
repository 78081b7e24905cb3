import type { RestEntry } from '../../protocol/agent/recording.ts';
import { SYSCALLS } from '../../protocol/agent/syscalls.ts';
import type { Call } from './reply-source.ts';

/** How far a run is, besides the guest's memory. */
export interface RunPosition {
  /** of the activation that is running or was the last; -1 before the first */
  activation: number;
  /** the guest's clock, ns since the epoch */
  clock: bigint;
  /** charged so far */
  fuel: bigint;
  randomBytes: number;
  /** completed */
  steps: number;
  tokens: number;
  calls: number;
  replies: number;
  bytes: number;
  /** by the guest's own number */
  readonly pending: Map<number, Call>;
  /** numbers of calls that wait for a person's word */
  readonly waiting: Set<number>;
}

/** Before the first activation. */
export function startPosition(clock: bigint): RunPosition {
  return { activation: -1, clock, fuel: 0n, randomBytes: 0, steps: 0, tokens: 0, calls: 0, replies: 0, bytes: 0, pending: new Map(), waiting: new Set() };
}

/** As recorded. `pending`: the calls that `rest` names, in any order. */
export function restedPosition(rest: RestEntry['head'], pending: Iterable<Call>): RunPosition {
  const { activation, randomBytes, steps, tokens, calls, replies, bytes } = rest;
  const byId = new Map([...pending].toSorted((a, b) => a.call - b.call).map((call) => [call.id, call]));
  return { activation, clock: BigInt(rest.clock), fuel: BigInt(rest.fuel), randomBytes, steps, tokens, calls, replies, bytes, pending: byId, waiting: new Set(rest.waiting) };
}

/** Steps that are done or in flight: what `max_steps` counts. */
export function stepsBegun({ steps, pending }: RunPosition): number {
  let begun = steps;
  for (const call of pending.values()) if (isStep(call)) begun++;
  return begun;
}

export function isStep({ name }: Pick<Call, 'name'>): boolean {
  return name !== 'unknown' && SYSCALLS[name].isStep;
}
