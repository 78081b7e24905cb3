/** What both sides of the models' bench are asked, so that they do the same. */
import type { CompletionRequest } from '../../src/protocol/model.ts';

const SEEDED = { temperature: 1, topK: 40 } as const;
const GENERATED_TOKENS = 256;
const PROMPT_WORDS = 372;

export interface ModelWork {
  readonly prompt: string;
  readonly temperature: number;
  readonly topK: number;
  readonly seed: number;
  readonly maxTokens: number;
}

/** What a round took. */
export interface ModelRound {
  readonly tokens: number;
  readonly ms: number;
}

/** Some hundred tokens on from a word. The seed decides them, so both sides draw the same. */
export function generationWork(seed: number, maxTokens = GENERATED_TOKENS): ModelWork {
  return { ...SEEDED, prompt: 'Read', seed, maxTokens };
}

/** A long prompt and one token; `seed` makes its beginning unlike every other's, so that nothing is reused. */
export function promptWork(seed: number): ModelWork {
  return { ...SEEDED, prompt: `${seed} ${'read the file and write the code '.repeat(PROMPT_WORDS / 6)}`, seed, maxTokens: 1 };
}

export function asRequest({ prompt, ...sampling }: ModelWork): CompletionRequest {
  return { input: { prompt }, ...sampling, stream: true };
}
