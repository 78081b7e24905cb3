/** From a command, in a new process, to the model's first word, and to the end of a goal. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelProcess } from '../../../src/host/model-process.ts';
import { EMBEDDED_MODEL } from '../../../src/llm/embedded-model.ts';
import { compileSample } from '../../agents/guests/sample-agent.ts';
import { packedNanos } from '../../agents/measure/packed-nanos.ts';
import { timeProcess } from '../../agents/measure/first-word.ts';
import type { BenchScope } from '../../bench-scope.ts';
import type { ModelBenchRun } from '../model-bench-run.ts';
import { modelFigure, type ModelFigure } from '../model-figure.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples', 'agents', 'goal');
const SECRET = 'BLUE-HERON-7';
const MARK = 'the model says: ';
const STREAMING_AGENT = `
import { agent, llm } from 'nanos/agent';
for await (const piece of llm.stream([{ role: 'user', content: 'Read the file note.txt' }])) {
  console.log('${MARK}' + piece);
  break;
}
await agent.done('');
`;

export async function start(run: ModelBenchRun): Promise<ModelFigure[]> {
  const { scope, size, say, note } = run;
  const nanos = packedWithModels();
  const { manifestFile } = await compileSample(scope.folder, 'streaming', STREAMING_AGENT);
  const data = join(scope.folder, 'data');
  const firstToken = (): Promise<number> => wordMs(scope, nanos, ['run', manifestFile, '--data', data], MARK);
  await firstToken();
  const commands: number[] = [];
  const secrets: number[] = [];
  const cold: number[] = [];
  const warm: number[] = [];
  for (let index = 0; index < size.starts; index++) {
    say(`start: ${index + 1} of ${size.starts}`);
    commands.push(await firstToken());
    secrets.push(await secretMs(scope, nanos, data));
    const models = new ModelProcess({ threadsMax: 1 });
    try {
      cold.push(await firstTokenMs(models, scope.signal));
      warm.push(await firstTokenMs(models, scope.signal));
    } finally {
      await models.close();
    }
  }
  note('Start: nanos as the package has it. The agent that streams is compiled and metered already. The example reads the secret from a file, writes it to another one and is done: three calls of the model, in a process that starts with the command');
  return [
    modelFigure('start', 'nanos run to the first token, new process', 'ms', commands),
    modelFigure('start', 'the secret example from the command to its end', 'ms', secrets),
    modelFigure('start', 'first token of a new model process', 'ms', cold),
    modelFigure('start', 'first token of a model process that has the model', 'ms', warm),
  ];
}

/** The package has the models in it; the engine is where it was installed. */
function packedWithModels(): string {
  const nanos = packedNanos();
  const folder = dirname(dirname(nanos));
  if (existsSync(join(folder, 'models'))) return nanos;
  cpSync(join(ROOT, 'models'), join(folder, 'models'), { recursive: true });
  mkdirSync(join(folder, 'tools'), { recursive: true });
  symlinkSync(join(ROOT, 'tools', 'llama'), join(folder, 'tools', 'llama'));
  return nanos;
}

async function wordMs(scope: BenchScope, nanos: string, args: readonly string[], word: string): Promise<number> {
  const times = await timeProcess(scope, nanos, args, word);
  if (times.wordMs === undefined) throw new Error('The agent said nothing');
  return times.wordMs;
}

async function secretMs(scope: BenchScope, nanos: string, data: string): Promise<number> {
  const folder = join(scope.folder, 'goal');
  rmSync(folder, { recursive: true, force: true });
  cpSync(EXAMPLE, folder, { recursive: true });
  const { endMs } = await timeProcess(scope, nanos, ['run', join(folder, 'agent.nano'), '--data', data], SECRET);
  const written = readFileSync(join(folder, 'secret.txt'), 'utf8');
  if (written !== SECRET) throw new Error(`The example wrote ${JSON.stringify(written)}`);
  return endMs;
}

async function firstTokenMs(models: ModelProcess, signal: AbortSignal): Promise<number> {
  const startMs = performance.now();
  const request = { input: { prompt: 'Read the file instruction.txt and ' }, stream: true };
  for await (const chunk of models.provider(EMBEDDED_MODEL).complete(request, { tenant: 'bench', signal })) {
    if (chunk.type === 'text') break;
  }
  return performance.now() - startMs;
}
