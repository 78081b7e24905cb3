/** Tokens a second through nanos and through bare node-llama-cpp, in turns: one call, and many at once on one engine. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MODEL_NICENESS, ModelProcess } from '../../../src/host/model-process.ts';
import { EMBEDDED_MODEL } from '../../../src/llm/embedded-model.ts';
import type { ModelProvider } from '../../../src/protocol/model.ts';
import { cpuMs } from '../../measure/process-tree.ts';
import { quantile } from '../../measure/quantile.ts';
import type { BareOrder } from '../bare-engine.ts';
import type { ModelBenchRun } from '../model-bench-run.ts';
import type { ModelFigure } from '../model-figure.ts';
import { asRequest, generationWork, promptWork, type ModelRound, type ModelWork } from '../model-work.ts';

const SEQUENCES_MAX = 16;
/** Different ones of them are generated side by side. */
const LONG_TEXTS = 4;
/** Calls at once that take so long together that each can be shorter. */
const MANY = 8;
const TOKENS_OF_MANY = 96;
const RATIO_MIN = 0.95;

interface Side {
  run(order: BareOrder): Promise<ModelRound>;
  /** of all that it takes, so far */
  cpuMs(): number;
  stop(): Promise<void>;
}

export async function throughput({ scope: { signal }, size: { rounds, counts }, say, note }: ModelBenchRun): Promise<ModelFigure[]> {
  const nanos = nanosSide();
  const bare = await bareSide();
  const comparison = { nanos, bare, rounds, signal };
  const figures: ModelFigure[] = [];
  try {
    say('throughput: prompt');
    figures.push(...(await compare('prompt tokens, one call', comparison, true, (round) => [promptWork(round)])));
    say('throughput: texts that are long enough');
    const seeds = await longSeeds(bare, signal);
    for (const count of counts) {
      say(`throughput: ${count} at once`);
      figures.push(...(await compare(`generated tokens, ${count} at once`, comparison, false, () => Array.from({ length: count }, (_, call) => generationWork(seeds[call % seeds.length] ?? 0, count < MANY ? undefined : TOKENS_OF_MANY)))));
    }
  } finally {
    await Promise.all([nanos.stop(), bare.stop()]);
  }
  note('Tokens a second: the same prompts, seeds, threads (one) and priority, in turns; medians. The ratio is the median over rounds of nanos to the bare engine next to it. nanos adds a process of its own, the fair queue, and text that is safe to stream. CPU of a token is that of the model process and of the process that asks it; of the bare engine that of its process, which keeps the text');
  return figures;
}

/** Most texts of a model that small are over soon; a call's beginning would be measured, and not its tokens. */
async function longSeeds(side: Side, signal: AbortSignal): Promise<readonly number[]> {
  const seeds: number[] = [];
  for (let seed = 1; seeds.length < LONG_TEXTS; seed++) {
    signal.throwIfAborted();
    const work = generationWork(seed);
    if ((await side.run({ isPrompt: false, work: [work] })).tokens === work.maxTokens) seeds.push(seed);
  }
  return seeds;
}

interface Comparison {
  readonly nanos: Side;
  readonly bare: Side;
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** Rates in turns; and on Linux the CPU of a token, which other load on the machine changes little. */
async function compare(name: string, { nanos, bare, rounds, signal }: Comparison, isPrompt: boolean, workOf: (round: number) => ModelWork[]): Promise<ModelFigure[]> {
  const sums = { nanos: new RateSums(nanos), bare: new RateSums(bare) };
  for (let round = 0; round <= rounds; round++) {
    signal.throwIfAborted();
    const order = { isPrompt, work: workOf(round) };
    // each goes first in every other round; the first of all warms up
    const sides = round % 2 === 0 ? (['nanos', 'bare'] as const) : (['bare', 'nanos'] as const);
    for (const side of sides) await sums[side].run(order, round > 0);
  }
  const ratio = quantile(sums.nanos.rates.map((rate, round) => rate / (sums.bare.rates[round] ?? Number.NaN)), 0.5);
  const value = quantile(sums.nanos.rates, 0.5);
  const targets = [{ text: `≥ ${RATIO_MIN} × bare`, isMet: ratio >= RATIO_MIN }];
  const figures: ModelFigure[] = [{ section: 'throughput', name, unit: '1/s', value, samples: rounds, bare: value / ratio, targets }];
  if (process.platform !== 'linux') return figures;
  return [...figures, { section: 'throughput', name: `CPU of a token: ${name}`, unit: 'µs', value: sums.nanos.cpuUsOfToken, samples: rounds, bare: sums.bare.cpuUsOfToken, targets: [] }];
}

/** What one side did. */
class RateSums {
  /** tokens a second, of each round */
  readonly rates: number[] = [];
  readonly #side: Side;
  #cpuMs = 0;
  #tokens = 0;

  constructor(side: Side) {
    this.#side = side;
  }

  get cpuUsOfToken(): number {
    return (this.#cpuMs / this.#tokens) * 1_000;
  }

  async run(order: BareOrder, counts: boolean): Promise<void> {
    const cpuMsBefore = this.#side.cpuMs();
    const { tokens, ms } = await this.#side.run(order);
    if (!counts) return;
    this.rates.push((tokens / ms) * 1_000);
    this.#tokens += tokens;
    this.#cpuMs += this.#side.cpuMs() - cpuMsBefore;
  }
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
    cpuMs: () => (models.pid === undefined ? 0 : cpuMs(models.pid)) + ownCpuMs(),
    stop: () => models.close(),
  };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function complete(provider: ModelProvider, work: ModelWork, isPrompt: boolean, tenant: string): Promise<number> {
  for await (const chunk of provider.complete(asRequest(work), { tenant, signal: new AbortController().signal })) {
    if (chunk.type === 'end') return isPrompt ? chunk.usage.promptTokens : chunk.usage.completionTokens;
  }
  throw new Error('The model gave no end');
}

async function bareSide(): Promise<Side> {
  const file = fileURLToPath(new URL('../bare-engine.ts', import.meta.url));
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
    cpuMs: () => cpuMs(child.pid ?? 0),
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
