import { isDeepStrictEqual } from 'node:util';
import type { HostName, Send } from './hosts.ts';
import { KNOWN_DIFFERENCES, ORDER_OF_FAULTS, WORKERD_ALONE } from './known-differences.ts';
import type { Program } from './programs.ts';
import { runOnNode } from './run-on-node.ts';

export interface Comparison {
  /** undefined: alike, or different for a known reason */
  readonly difference: object | undefined;
  /** why a difference that was met is known */
  readonly known: string | undefined;
}

export const ALIKE: Comparison = { difference: undefined, known: undefined };

/**
 * Runs a program on both hosts. Where they differ, Node is asked as a third implementation of the same standards: what nanos does as Node does is workerd's own way.
 * What follows a known difference is not compared: it may differ for the same reason.
 */
export async function comparePrograms(hosts: Readonly<Record<HostName, Send>>, kind: string, program: Program): Promise<Comparison> {
  const [nanos, workerd] = await Promise.all([runProgram(hosts.nanos, program), runProgram(hosts.workerd, program)]);
  const step = program.findIndex((_, index) => !isDeepStrictEqual(nanos[index], workerd[index]));
  if (step === -1) return ALIKE;
  const difference = { kind, program, step, nanos: nanos[step], workerd: workerd[step] };
  const known = KNOWN_DIFFERENCES.find((candidate) => candidate.matches(difference))?.reason;
  if (known !== undefined) return { difference: undefined, known };
  const node = (await runOnNode(program))[step];
  if (!isDeepStrictEqual(node, difference.nanos)) return { difference: { ...difference, node }, known: undefined };
  return { difference: undefined, known: hasThrown(difference.nanos) && hasThrown(difference.workerd) ? ORDER_OF_FAULTS : WORKERD_ALONE };
}

function hasThrown(told: unknown): boolean {
  return typeof told === 'object' && told !== null && 'thrown' in told;
}

async function runProgram(send: Send, program: Program): Promise<readonly unknown[]> {
  const { status, text } = await send('/run', { method: 'POST', body: JSON.stringify(program) });
  if (status !== 200) return program.map(() => ({ status, text }));
  return JSON.parse(text) as unknown[];
}
