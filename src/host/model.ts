/** Entry file of the model process: llama.cpp, for all agents and apps. */
import { LocalEngine } from '../llm/local/local-engine.ts';
import { toErrorData } from '../protocol/errors.ts';
import type { CompletionChunk } from '../protocol/model.ts';
import type { FromModel, ModelSettings, ToModel } from './model-messages.ts';

/** Text of the same call within this time crosses together; the first piece goes at once. */
const GATHER_MS = 10;

const settings = JSON.parse(process.argv[2] ?? '{}') as ModelSettings;
const calls = new Map<number, AbortController>();
const engine = new LocalEngine({ ...settings, onLoading: (path, isOver) => tell({ type: 'loading', path, isOver }) });

function tell(message: FromModel): void {
  // when the channel is closed, so is this process
  process.send?.(message, () => undefined);
}

async function run({ id, file, tenant, task }: Extract<ToModel, { type: 'start' }>): Promise<void> {
  const stop = new AbortController();
  calls.set(id, stop);
  try {
    const call = { tenant, signal: stop.signal };
    if (task.kind === 'embed') tell({ type: 'embeddings', id, embeddings: await engine.embed(file, task.inputs, call) });
    else await sendGathered(id, engine.complete(file, task.request, call));
    tell({ type: 'over', id, error: undefined });
  } catch (error) {
    tell({ type: 'over', id, error: toErrorData(error) });
  } finally {
    calls.delete(id);
  }
}

async function sendGathered(id: number, chunks: AsyncIterable<CompletionChunk>): Promise<void> {
  let waiting: CompletionChunk[] = [];
  let sentMs = -Infinity;
  const send = (): void => {
    if (waiting.length > 0) tell({ type: 'chunks', id, chunks: waiting });
    waiting = [];
    sentMs = performance.now();
  };
  for await (const chunk of chunks) {
    waiting.push(chunk);
    if (performance.now() - sentMs >= GATHER_MS) send();
  }
  send();
}

process.on('message', (message: ToModel) => {
  if (message.type === 'start') void run(message);
  else calls.get(message.id)?.abort(new Error('The call was given up'));
});
process.on('disconnect', () => process.exit(0));
