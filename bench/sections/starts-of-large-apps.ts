import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchScope } from '../bench-scope.ts';
import { quantile } from '../measure/quantile.ts';
import { ISOLATE_FLAGS } from '../../src/host/child-flags.ts';
import type { StartOrder, StartTimes } from './start-times.ts';

export interface LargeApps {
  /** folder of app folders */
  readonly folder: string;
  /** of a host that has built them */
  readonly dataDir: string;
  readonly names: readonly string[];
}

/** Medians, in ms, of how long apps take to start from their snapshots and from their sources. In a process like a cell, without HTTP. */
export async function startsOfLargeApps(scope: BenchScope, { folder, dataDir, names }: LargeApps): Promise<{ restoredMs: number; evaluatedMs: number }> {
  const flags = [...ISOLATE_FLAGS, '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('start-times.ts', import.meta.url))];
  const started = scope.start(process.execPath, flags, ['ignore', 'ignore', 'pipe', 'ipc']);
  const order: StartOrder = { folders: names.map((name) => join(folder, name)), artefacts: join(dataDir, 'artefacts'), scratch: scope.folder };
  started.child.send(order);
  const ended = once(started.child, 'exit').then(() => Promise.reject(new Error(`Starting apps in a process of their own failed: ${started.errors()}`)));
  const [times] = (await Promise.race([once(started.child, 'message'), ended])) as [StartTimes];
  ended.catch(() => undefined);
  await started.stop();
  return { restoredMs: quantile(times.restoredMs, 0.5), evaluatedMs: quantile(times.evaluatedMs, 0.5) };
}
