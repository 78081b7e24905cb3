/** Apps that are deployed and never called: how soon the host is ready again, and what they weigh. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchRun } from '../bench-run.ts';
import { memoryBytes } from '../measure/process-tree.ts';
import { below, type Figure } from '../report/figure.ts';
import { smallApp } from '../samples/small-app.ts';
import { writeApps } from '../samples/write-apps.ts';
import { startNanos } from '../servers/start-nanos.ts';
import { startWorkerd } from '../servers/start-workerd.ts';
import { staticWorkersConfig } from '../servers/workerd-config.ts';

const SETTLE_MS = 2_000;
const MB = 1024 * 1024;

export async function idle(run: BenchRun): Promise<Figure[]> {
  const { idleApps, staticWorkers } = run.size;
  const nanos = await measureNanos(run);
  const figures: Figure[] = [
    { section: 'idle', name: `${idleApps} apps: from start to ready`, unit: 's', values: { nanos: nanos.readyS }, targets: [below(nanos.readyS, 10, 's')] },
    { section: 'idle', name: `${idleApps} apps: PSS of all processes`, unit: 'MB', values: { nanos: nanos.mb }, targets: [] },
  ];
  const workerd = await measureWorkerd(run);
  if (workerd === undefined) return figures;
  run.note(`workerd has no deployed but sleeping Workers: it sets up static ones at its start, here ${staticWorkers} of them`);
  return [
    ...figures,
    { section: 'idle', name: `${staticWorkers} static Workers: from start to ready`, unit: 's', values: { workerd: workerd.readyS }, targets: [] },
    { section: 'idle', name: `${staticWorkers} static Workers: PSS`, unit: 'MB', values: { workerd: workerd.mb }, targets: [] },
  ];
}

interface Idle {
  readonly readyS: number;
  readonly mb: number;
}

async function measureNanos({ scope, size, say, note }: BenchRun): Promise<Idle> {
  const folder = writeApps(join(scope.folder, 'idle'), Array.from({ length: size.idleApps }, (_, index) => [`small-${index}`, smallApp(index)] as const));
  const dataDir = join(scope.folder, 'idle-data');
  let built = 0;
  const first = await startNanos(scope, { folder, dataDir, onServing: () => ++built % 500 === 0 && say(`idle: built ${built} of ${size.idleApps}`) });
  await first.stop();
  note(`The first start with ${size.idleApps} apps, which built them all, took ${(first.readyMs / 1000).toFixed(1)} s (${(first.readyMs / size.idleApps).toFixed(1)} ms an app); the one in the table found them built`);
  say('idle: starting again');
  const again = await startNanos(scope, { folder, dataDir });
  await sleep(SETTLE_MS);
  const mb = memoryBytes(again.pid) / MB;
  await again.stop();
  return { readyS: again.readyMs / 1000, mb };
}

async function measureWorkerd({ scope, size, say, workerd }: BenchRun): Promise<Idle | undefined> {
  if (workerd === undefined) return undefined;
  say(`idle: workerd with ${size.staticWorkers} static Workers`);
  const workers = Array.from({ length: size.staticWorkers }, (_, index) => ({ name: `small-${index}`, file: `idle/small-${index}/index.js`, listens: index === 0 }));
  const server = await startWorkerd(scope, { program: workerd, config: staticWorkersConfig(workers), sockets: ['small-0'] });
  await sleep(SETTLE_MS);
  const mb = memoryBytes(server.pid) / MB;
  await server.stop();
  return { readyS: server.readyMs / 1000, mb };
}
