/** What an app's clients notice of models at work on the same machine. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelProcess } from '../../src/host/model-process.ts';
import { EMBEDDED_MODEL } from '../../src/llm/embedded-model.ts';
import type { BenchScope } from '../bench-scope.ts';
import { quantile } from '../measure/quantile.ts';
import { smallApp } from '../samples/small-app.ts';
import { writeApps } from '../samples/write-apps.ts';
import type { BenchAddress } from '../servers/bench-address.ts';
import { startNanos } from '../servers/start-nanos.ts';
import { asRequest, generationWork } from './models-work.ts';

const AGENT_COUNTS = [0, 1, 4, 16, 32] as const;
const REQUEST_EVERY_MS = 5;

export interface BesideApps {
  /** that generate without a pause */
  readonly agents: number;
  /** of an app's requests, one every 5 ms */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function modelsBesideApps(scope: BenchScope, measuredMs: number): Promise<readonly BesideApps[]> {
  const folder = writeApps(join(scope.folder, 'beside'), [['hello', smallApp(1)]]);
  const nanos = await startNanos(scope, { folder, dataDir: join(scope.folder, 'beside-data') });
  const models = new ModelProcess({ threadsMax: 1 });
  const figures: BesideApps[] = [];
  try {
    for (const agents of AGENT_COUNTS) figures.push(await measure(nanos.address('hello'), models, agents, measuredMs, scope.signal));
  } finally {
    await models.close();
    await nanos.stop();
  }
  return figures;
}

async function measure(address: BenchAddress, models: ModelProcess, agents: number, measuredMs: number, signal: AbortSignal): Promise<BesideApps> {
  const stop = new AbortController();
  const working = Array.from({ length: agents }, (_, index) => generateUntil(models, index, AbortSignal.any([stop.signal, signal])));
  const latencies = await requestsFor(address, measuredMs, signal);
  stop.abort();
  await Promise.all(working);
  return { agents, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
}

async function generateUntil(models: ModelProcess, agent: number, signal: AbortSignal): Promise<void> {
  const provider = models.provider(EMBEDDED_MODEL);
  for (let seed = agent; !signal.aborted; seed += 100) {
    try {
      for await (const chunk of provider.complete(asRequest(generationWork(seed)), { tenant: `agent-${agent}`, signal })) if (chunk.type === 'end') break;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Sent on time whether or not those before are answered, so that a stall is seen by all who would have been in it. */
async function requestsFor(address: BenchAddress, measuredMs: number, signal: AbortSignal): Promise<readonly number[]> {
  const sent: Promise<number>[] = [];
  const startMs = performance.now();
  while (performance.now() - startMs < measuredMs) {
    signal.throwIfAborted();
    sent.push(latencyMs(address));
    await sleep(Math.max(0, startMs + sent.length * REQUEST_EVERY_MS - performance.now()));
  }
  return Promise.all(sent);
}

function latencyMs({ port, host }: BenchAddress): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, headers: { host } }, (response) => {
      response.resume().once('end', () => (response.statusCode === 200 ? resolve(performance.now() - startMs) : reject(new Error(`The app answered ${response.statusCode}`))));
    });
    asking.once('error', reject).end();
  });
}
