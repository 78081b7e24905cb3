/** Entry file of the model process: llama.cpp, for all agents and apps. */
import { LocalEngine } from '../llm/local/local-engine.ts';
import { toErrorData } from '../protocol/errors.ts';
import { ChunkOutbox } from './chunk-outbox.ts';
import type { FromModel, ModelSettings, ToModel } from './model-messages.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as ModelSettings;
const calls = new Map<number, AbortController>();
const outbox = new ChunkOutbox((chunks) => tell({ type: 'chunks', calls: chunks }));
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
    else for await (const chunk of engine.complete(file, task.request, call)) outbox.push(id, chunk);
    outbox.end(id);
    tell({ type: 'over', id, error: undefined });
  } catch (error) {
    outbox.end(id);
    tell({ type: 'over', id, error: toErrorData(error) });
  } finally {
    calls.delete(id);
  }
}

process.on('message', (message: ToModel) => {
  if (message.type === 'start') void run(message);
  else calls.get(message.id)?.abort(new Error('The call was given up'));
});
process.on('disconnect', () => process.exit(0));
