/** On whose behalf code runs: set when the host hands something over, kept until the next thing. The host reads it from shared memory. */
import { SharedSlot } from '../../protocol/boundary.ts';

let current = 0;
let shared: Int32Array | undefined;

export function shareProgress(memory: Int32Array): void {
  shared = memory;
}

export function currentRequest(): number {
  return current;
}

export function enterRequest(requestId: number): void {
  current = requestId;
  if (shared !== undefined) shared[SharedSlot.current] = requestId;
}

/** One more request of this crossing is handed to the tenant's code. */
export function countStarted(): void {
  if (shared !== undefined) shared[SharedSlot.started]!++;
}

/** How much of the crossing: a value of `HandedOver`. */
export function shareHandedOver(part: number): void {
  if (shared !== undefined) shared[SharedSlot.handedOver] = part;
}
