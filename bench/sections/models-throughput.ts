/** Tokens a second through nanos and through bare node-llama-cpp, in turns: one call, and many at once on one engine. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MODEL_NICENESS, ModelProcess } from '../../src/host/model-process.ts';
import { EMBEDDED_MODEL } from '../../src/llm/embedded-model.ts';
import type { ModelProvider } from '../../src/protocol/model.ts';
import type { BareOrder } from './models-bare.ts';
import { asRequest, generationWork, promptWork, type ModelRound, type ModelWork } from './models-work.ts';

const AGENT_COUNTS = [1, 4, 16, 32] as const;
const SEQUENCES_MAX = 16;
const RATIO_MIN = 0.95;

export interface ModelFigure {
  readonly name: string;
  /** tokens a second, the median of the rounds */
  readonly nanos: number;
  readonly bare: number;
  /** of nanos to bare */
  readonly ratio: number;
  readonly isMet: boolean | undefined;
}

export interface ModelBenchOptions {
  readonly rounds: number;
  /** calls at once, one figure each */
  readonly counts?: readonly number[] | undefined;
  /** progress, for people */
  say(text: string): void;
  readonly signal: AbortSignal;
}

interface Side {
  run(order: BareOrder): Promise<ModelRound>;
  stop(): Promise<void>;
}

export async function modelsThroughput({ rounds, counts = AGENT_COUNTS, say, signal }: ModelBenchOptions): Promise<readonly ModelFigure[]> {
  const nanos = nanosSide();
  const bare = await bareSide();
  const figures: ModelFigure[] = [];
  try {
    say('models: prompt');
    figures.push(await compare('prompt tokens, one call', nanos, bare, rounds, true, (round) => [promptWork(round)], signal));
    const seeds = await longSeeds(bare, Math.max(...counts));
    for (const count of counts) {
      say(`models: ${count} at once`);
      figures.push(await compare(`generated tokens, ${count} at once`, nanos, bare, rounds, false, () => seeds.slice(0, count).map(generationWork), signal));
    }
  } finally {
    await Promise.all([nanos.stop(), bare.stop()]);
  }
  return figures;
}

/** Most texts of a model that small are over soon; a call's beginning would be measured, and not its tokens. */
async function longSeeds(side: Side, count: number): Promise<readonly number[]> {
  const seeds: number[] = [];
  for (let seed = 1; seeds.length < count; seed++) {
    const work = generationWork(seed);
    if ((await side.run({ isPrompt: false, work: [work] })).tokens === work.maxTokens) seeds.push(seed);
  }
  return seeds;
}

async function compare(name: string, nanos: Side, bare: Side, rounds: number, isPrompt: boolean, workOf: (round: number) => ModelWork[], signal: AbortSignal): Promise<ModelFigure> {
  const rates: { nanos: number[]; bare: number[] } = { nanos: [], bare: [] };
  for (let round = 0; round <= rounds; round++) {
    signal.throwIfAborted();
    const order = { isPrompt, work: workOf(round) };
    // each goes first in every other round
    const sides = round % 2 === 0 ? (['nanos', 'bare'] as const) : (['bare', 'nanos'] as const);
    for (const side of sides) {
      const { tokens, ms } = await (side === 'nanos' ? nanos : bare).run(order);
      if (round > 0) rates[side].push((tokens / ms) * 1_000);
    }
  }
  const [own, other] = [median(rates.nanos), median(rates.bare)];
  return { name, nanos: own, bare: other, ratio: own / other, isMet: own / other >= RATIO_MIN };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function nanosSide(): Side {
  const models = new ModelProcess({ threadsMax: 1 });
  const provider = models.provider(EMBEDDED_MODEL);
  return {
    async run({ isPrompt, work }) {
      const startMs = performance.now();
      const counts = await Promise.all(work.map((one, index) => complete(provider, one, isPrompt, `agent-${index}`)));
      return { tokens: counts.reduce((sum, count) => sum + count, 0), ms: performance.now() - startMs };
    },
    stop: () => models.close(),
  };
}

async function complete(provider: ModelProvider, work: ModelWork, isPrompt: boolean, tenant: string): Promise<number> {
  for await (const chunk of provider.complete(asRequest(work), { tenant, signal: new AbortController().signal })) {
    if (chunk.type === 'end') return isPrompt ? chunk.usage.promptTokens : chunk.usage.completionTokens;
  }
  throw new Error('The model gave no end');
}

async function bareSide(): Promise<Side> {
  const file = fileURLToPath(new URL('models-bare.ts', import.meta.url));
  const child: ChildProcess = fork(file, [EMBEDDED_MODEL.path, String(SEQUENCES_MAX)], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  // as nanos runs its own, so that a crowded machine treats both alike
  if (child.pid !== undefined) setPriority(child.pid, MODEL_NICENESS);
  await once(child, 'message');
  return {
    async run(order) {
      child.send(order);
      const [round] = (await once(child, 'message')) as [ModelRound];
      return round;
    },
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
