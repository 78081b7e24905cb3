/** Process entry: builds apps. Arguments: the folder of artefacts, evaluators kept warm, launcher and user of what they run in (JSON, see SecondWall), and the URL of another API script (or nothing). */
import { mkdir } from 'node:fs/promises';
import { toErrorData } from '../protocol/errors.ts';
import { AppBuilder } from './app-builder.ts';
import type { BuilderReply, BuilderRequest } from './build-messages.ts';
import { engineId } from './engine-id.ts';
import { Evaluators } from './evaluators.ts';
import type { SecondWall } from './second-wall.ts';

const [directory = '', evaluatorsMax = '1', wall = '{"launcher":[]}', apiEntry] = process.argv.slice(2);
const evaluators = new Evaluators(Number(evaluatorsMax), JSON.parse(wall) as Pick<SecondWall, 'launcher' | 'user'>);
const builder = new AppBuilder({ directory, engine: engineId(), evaluators, apiEntry: apiEntry === undefined ? undefined : new URL(apiEntry) });

process.on('disconnect', () => {
  evaluators.end();
  process.exit(0);
});

process.on('message', (request: BuilderRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});

async function answer({ id, task }: BuilderRequest): Promise<BuilderReply> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return { id, result: task.type === 'api' ? await builder.apiSnapshot() : await builder.build(task.app, task.limits) };
  } catch (error) {
    return { id, error: toErrorData(error) };
  }
}
