/** From nothing to the first token: a new model process, its engine, the embedded model, and an agent's first prompt. */
import { ModelProcess } from '../../src/host/model-process.ts';
import { EMBEDDED_MODEL } from '../../src/llm/embedded-model.ts';
import { quantile } from '../measure/quantile.ts';

export interface FirstToken {
  /** in a new process */
  readonly coldMs: number;
  /** in a process that has the model */
  readonly warmMs: number;
}

/** Medians of so many rounds. */
export async function modelsFirstToken(rounds: number, signal: AbortSignal): Promise<FirstToken> {
  const cold: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const models = new ModelProcess({ threadsMax: 1 });
    try {
      cold.push(await firstTokenMs(models, signal));
      warm.push(await firstTokenMs(models, signal));
    } finally {
      await models.close();
    }
  }
  return { coldMs: quantile(cold, 0.5), warmMs: quantile(warm, 0.5) };
}

async function firstTokenMs(models: ModelProcess, signal: AbortSignal): Promise<number> {
  const startMs = performance.now();
  const request = { input: { prompt: 'Read the file instruction.txt and ' }, stream: true };
  for await (const chunk of models.provider(EMBEDDED_MODEL).complete(request, { tenant: 'bench', signal })) {
    if (chunk.type === 'text') break;
  }
  return performance.now() - startMs;
}
