/** Entry file of a process that runs node-llama-cpp by itself, with the same model, threads and sampling. Answers each message with the round's figures. */
import { importLlama, resolveLlama } from '../../src/llm/local/resolve-llama.ts';
import type { LlamaModel, LlamaSequence } from '../../src/llm/local/llama-api.ts';
import type { ModelRound, ModelWork } from './model-work.ts';

export interface BareOrder {
  readonly isPrompt: boolean;
  /** run side by side */
  readonly work: readonly ModelWork[];
}

const [, , modelPath = '', sequenceCount = '1'] = process.argv;

async function start(): Promise<void> {
  const module = await importLlama(resolveLlama());
  const llama = await module.getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logLevel: 'error', maxThreads: 1, logger: () => undefined });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 1_024, sequences: Number(sequenceCount), flashAttention: false, threads: 1 });
  const sequences = Array.from({ length: Number(sequenceCount) }, () => context.getSequence());
  process.on('message', (order: BareOrder) => {
    void runAll(model, sequences, order).then((round) => process.send?.(round));
  });
  process.send?.('ready');
}

async function runAll(model: LlamaModel, sequences: readonly LlamaSequence[], { isPrompt, work }: BareOrder): Promise<ModelRound> {
  const waiting = [...work];
  const startMs = performance.now();
  const counts = await Promise.all(sequences.map(async (sequence) => {
    let tokens = 0;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) tokens += await run(model, sequence, next, isPrompt);
    return tokens;
  }));
  return { tokens: counts.reduce((sum, count) => sum + count, 0), ms: performance.now() - startMs };
}

async function run(model: LlamaModel, sequence: LlamaSequence, { prompt, maxTokens, ...options }: ModelWork, isPrompt: boolean): Promise<number> {
  const tokens = model.tokenize(prompt, false);
  await sequence.clearHistory();
  let count = 0;
  let text = '';
  for await (const token of sequence.evaluate(tokens, options)) {
    text += model.detokenize([token], false);
    if (++count === maxTokens) break;
  }
  return isPrompt ? tokens.length : text === '' ? 0 : count;
}

void start();
