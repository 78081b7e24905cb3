import { setTimeout as sleep } from 'node:timers/promises';
import { firstRequest } from '../../load/first-request.ts';
import type { BenchServer } from '../../servers/bench-address.ts';

/** Calls each app once on a connection of its own, and returns how long each took in ms. `isFirst`: the answer must be the first of its isolate. */
export async function callApps(server: BenchServer, apps: readonly string[], { pauseMs, isFirst }: { readonly pauseMs: number; readonly isFirst: boolean }): Promise<number[]> {
  const latencies: number[] = [];
  for (const app of apps) {
    const { latencyMs, text } = await firstRequest(server.address(app));
    if (!text.includes(`"app":"${app}"`) || (isFirst && !text.includes('"served":1,'))) throw new Error(`${app} did not answer as it must: ${text.slice(-200)}`);
    latencies.push(latencyMs);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return latencies;
}
