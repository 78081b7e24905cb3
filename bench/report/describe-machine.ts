import type { MachineFacts } from '../measure/machine-facts.ts';

/** One line above the tables. `peer`: what was measured beside nanos, and its version. */
export function describeMachine({ processor, cores, memoryGb, system, node }: MachineFacts, peer: string, quick: boolean): string {
  return `${processor}, ${cores} cores, ${memoryGb} GB, ${system}; Node.js ${node}; ${peer}${quick ? '; quick run, small samples' : ''}`;
}
