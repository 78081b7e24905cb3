import { join } from 'node:path';
import type { BenchScope } from '../bench-scope.ts';
import { smallApp } from '../samples/small-app.ts';
import { writeApps } from '../samples/write-apps.ts';
import { startNanos } from '../servers/start-nanos.ts';
import type { BuiltApps } from './density-run.ts';

const SAY_EVERY = 500;

/** Writes that many apps of distinct source into one folder, and has a host build them all. */
export async function buildApps(scope: BenchScope, count: number, say: (text: string) => void): Promise<BuiltApps> {
  say(`density: writing ${count} apps`);
  const folder = writeApps(join(scope.folder, 'apps'), Array.from({ length: count }, (_, index) => [appName(index), smallApp(index)] as const));
  const dataDir = join(scope.folder, 'data');
  let built = 0;
  const server = await startNanos(scope, { folder, dataDir, onServing: () => ++built % SAY_EVERY === 0 && say(`density: built ${built} of ${count}`) });
  await server.stop();
  return { folder, dataDir, firstReadyMs: server.readyMs };
}

export function appName(index: number): string {
  return `small-${index}`;
}
