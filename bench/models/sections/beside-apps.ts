/** What an app's clients notice of models at work on the same machine. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ModelProcess } from '../../../src/host/model-process.ts';
import { EMBEDDED_MODEL } from '../../../src/llm/embedded-model.ts';
import { smallApp } from '../../samples/small-app.ts';
import { writeApps } from '../../samples/write-apps.ts';
import type { BenchAddress } from '../../servers/bench-address.ts';
import { startNanos } from '../../servers/start-nanos.ts';
import type { ModelBenchRun } from '../model-bench-run.ts';
import { modelFigure, type ModelFigure } from '../model-figure.ts';
import { asRequest, generationWork, type ModelWork } from '../model-work.ts';

const REQUEST_EVERY_MS = 5;
/** About a call of a tool. */
const CALL_TOKENS = 32;

export async function besideApps({ scope, size, say, note }: ModelBenchRun): Promise<ModelFigure[]> {
  const folder = writeApps(join(scope.folder, 'beside'), [['hello', smallApp(1)]]);
  const nanos = await startNanos(scope, { folder, dataDir: join(scope.folder, 'beside-data') });
  const models = new ModelProcess({ threadsMax: 1 });
  const figures: ModelFigure[] = [];
  try {
    await generate(models, 0, generationWork(0, 1), scope.signal);
    for (const agents of [0, ...size.counts]) {
      say(`apps: beside ${agents} agents`);
      figures.push(...(await measure(nanos.address('hello'), models, agents, size.besideMs, scope.signal)));
    }
  } finally {
    await models.close();
    await nanos.stop();
  }
  note(`Beside apps: a request every ${REQUEST_EVERY_MS} ms, sent on time whether or not those before are answered, so that a stall counts for all who would have been in it. The model's process has a lower priority than the apps'`);
  return figures;
}

async function measure(address: BenchAddress, models: ModelProcess, agents: number, measuredMs: number, signal: AbortSignal): Promise<ModelFigure[]> {
  const stop = new AbortController();
  const counter = { tokens: 0 };
  const working = Array.from({ length: agents }, (_, index) => generateUntil(models, index, AbortSignal.any([stop.signal, signal]), counter));
  const startMs = performance.now();
  const latencies = await requestsFor(address, measuredMs, signal);
  const { tokens } = counter;
  const elapsedMs = performance.now() - startMs;
  stop.abort();
  await Promise.all(working);
  const beside = agents === 0 ? 'no agent' : agents === 1 ? '1 agent' : `${agents} agents`;
  const requests = modelFigure('apps', `a request beside ${beside}`, 'ms', latencies);
  if (agents === 0) return [requests];
  return [requests, { section: 'apps', name: `tokens of ${beside} together`, unit: '1/s', value: (tokens / elapsedMs) * 1_000, samples: 1, targets: [] }];
}

/** Tokens that were generated. */
async function generate(models: ModelProcess, agent: number, work: ModelWork, signal: AbortSignal): Promise<number> {
  let tokens = 0;
  for await (const chunk of models.provider(EMBEDDED_MODEL).complete(asRequest(work), { tenant: `agent-${agent}`, signal })) if (chunk.type === 'end') tokens = chunk.usage.completionTokens;
  return tokens;
}

async function generateUntil(models: ModelProcess, agent: number, signal: AbortSignal, counter: { tokens: number }): Promise<void> {
  for (let seed = agent; !signal.aborted; seed += 100) {
    try {
      const tokens = await generate(models, agent, generationWork(seed, CALL_TOKENS), signal);
      counter.tokens += tokens;
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
