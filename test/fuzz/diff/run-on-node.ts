import type { Program } from './programs.ts';

interface Probe {
  readonly default: { fetch(request: Request): Promise<Response> };
}

const PROBE = './probe/index.js';
const { default: probe } = (await import(PROBE)) as Probe;

/** Runs the probe in this process, on Node's own implementation of the standards. */
export async function runOnNode(program: Program): Promise<readonly unknown[]> {
  const response = await probe.fetch(new Request('http://probe.localhost/run', { method: 'POST', body: JSON.stringify(program) }));
  return (await response.json()) as unknown[];
}
