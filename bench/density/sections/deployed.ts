/** What it takes to have apps that nobody calls: one beside thousands. */
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstRequest } from '../../load/first-request.ts';
import { below, type Target } from '../../report/figure.ts';
import { startNanos, type NanosServer } from '../../servers/start-nanos.ts';
import { appName } from '../build-apps.ts';
import type { DensityRun } from '../density-run.ts';
import { timeControl, type ControlTime } from '../measure/ask-control.ts';
import { callApps } from '../measure/call-apps.ts';
import { hostUse, idleCpuMs, type HostUse } from '../measure/host-use.ts';
import type { DensityFigure } from '../report/density-figure.ts';

const SETTLE_MS = 7_000;
const POLL_MS = 10;
const CHANGE_MS_MAX = 120_000;
const KB = 1024;
const MB = 1024 * KB;
/** of a process that knows the app, for each */
const KB_PER_APP_MAX = 20;

interface Measured {
  readonly readyMs: number;
  readonly use: HostUse;
  readonly idleCpuMs: number;
  readonly apps: ControlTime;
  readonly metrics: ControlTime;
  readonly changeMs: number;
}

export async function deployed(run: DensityRun): Promise<DensityFigure[]> {
  const { scope, built, size, say, note } = run;
  const few = join(scope.folder, 'few');
  cpSync(join(built.folder, appName(0)), join(few, appName(0)), { recursive: true });
  const fewData = join(scope.folder, 'few-data');
  await (await startNanos(scope, { folder: few, dataDir: fewData })).stop();
  say('density: one app');
  const one = await measure(run, few, fewData);
  say(`density: ${size.deployed} apps`);
  const all = await measure(run, built.folder, built.dataDir);
  note(`The first start with ${size.deployed} apps built them all in ${(built.firstReadyMs / 1000).toFixed(1)} s, ${(built.firstReadyMs / size.deployed).toFixed(1)} ms each; the ones in the table found them built`);
  return figuresOf(one, all, size.deployed);
}

async function measure({ scope, cells, size }: DensityRun, folder: string, dataDir: string): Promise<Measured> {
  const server = await startNanos(scope, { folder, dataDir, cells });
  await sleep(SETTLE_MS);
  const use = hostUse(server.pid);
  const idle = await idleCpuMs(server.pid, size.idleMs);
  const apps = await timeControl(server.controlUrl, 'v1/apps');
  const metrics = await timeControl(server.controlUrl, 'metrics');
  const changeMs = await timeChange(server, folder);
  await server.stop();
  return { readyMs: server.readyMs, use, idleCpuMs: idle, apps, metrics, changeMs };
}

/** From a changed source to the first answer of the new version. */
async function timeChange(server: NanosServer, folder: string): Promise<number> {
  const app = appName(0);
  await callApps(server, [app], { pauseMs: 0, isFirst: true });
  const startedMs = performance.now();
  appendFileSync(join(folder, app, 'index.js'), 'globalThis.changed = true;\n');
  // the new version starts counting anew
  while (!(await firstRequest(server.address(app))).text.includes('"served":1,')) {
    if (performance.now() - startedMs > CHANGE_MS_MAX) throw new Error(`A changed folder was not served within ${CHANGE_MS_MAX} ms`);
    await sleep(POLL_MS);
  }
  return performance.now() - startedMs;
}

function figuresOf(one: Measured, all: Measured, count: number): DensityFigure[] {
  const figure = (name: string, unit: DensityFigure['unit'], of: (measured: Measured) => number, target: (value: number) => readonly Target[] = () => []): DensityFigure => ({
    section: 'deployed',
    name,
    unit,
    values: [of(one), of(all)],
    targets: target(of(all)),
  });
  const perApp = (name: string, of: (use: HostUse) => number): DensityFigure => {
    const kilobytes = (of(all.use) - of(one.use)) / (count - 1) / KB;
    return { section: 'deployed', name, unit: 'KB', values: [undefined, kilobytes], targets: [below(kilobytes, KB_PER_APP_MAX, 'KB')] };
  };
  return [
    figure('from start to ready', 's', ({ readyMs }) => readyMs / 1000, (seconds) => [below(seconds, Math.max(2, count / 500), 's')]),
    figure('PSS of all processes', 'MB', ({ use }) => use.bytes / MB),
    perApp('the supervisor, for each app more', ({ supervisorBytes }) => supervisorBytes),
    perApp('a cell, for each app more', ({ cellBytes }) => Math.max(...cellBytes)),
    figure('CPU in a second without requests', 'ms', ({ idleCpuMs: ms }) => ms),
    figure('GET /v1/apps', 'ms', ({ apps }) => apps.ms),
    figure('GET /v1/apps, its size', 'KB', ({ apps }) => apps.bytes / KB),
    figure('GET /metrics', 'ms', ({ metrics }) => metrics.ms),
    figure('from a changed file to the new version', 'ms', ({ changeMs }) => changeMs),
  ];
}
