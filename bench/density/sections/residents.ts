/** One host with ever more of its apps resident: what each weighs, how long the next one takes to start, and what the others still do. */
import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadFigures } from '../../load/run-load.ts';
import { quantile } from '../../measure/quantile.ts';
import { below } from '../../report/figure.ts';
import { startNanos, type NanosServer } from '../../servers/start-nanos.ts';
import { appName } from '../build-apps.ts';
import type { DensityRun } from '../density-run.ts';
import { countResidents, timeControl, type ControlTime } from '../measure/ask-control.ts';
import { callApps } from '../measure/call-apps.ts';
import { hostUse, idleCpuMs, mappingsMax, type HostUse } from '../measure/host-use.ts';
import { belowAtEach, flat, type Better, type DensityFigure } from '../report/density-figure.ts';

const CONNECTIONS = 32;
const SETTLE_MS = 2_000;
/** Between first requests: a server may get ready for the next. */
const PAUSE_MS = 10;
const SAY_EVERY = 500;
const FLAT_FACTOR = 2;
/** Of the machine's memory, for all cells: more than a host takes that nobody has told that it has the machine to itself. */
const CELLS_PART = 3 / 4;
const KB = 1024;
const MB = 1024 * KB;

interface Level {
  /** isolates that the host counts */
  readonly counted: number;
  readonly use: HostUse;
  readonly idleCpuMs: number;
  readonly apps: ControlTime;
  readonly metrics: ControlTime;
  readonly one: LoadFigures;
  /** every resident in its turn; undefined: there is only one */
  readonly each: LoadFigures | undefined;
  /** of residents one after the other; undefined: there is only one */
  readonly warmMs: readonly number[] | undefined;
  /** of apps called for the first time */
  readonly coldMs: readonly number[];
}

export async function residents(run: DensityRun): Promise<DensityFigure[]> {
  const { scope, built, cells, size, note } = run;
  const configFile = join(built.dataDir, 'density.yaml');
  writeFileSync(configFile, `cell_memory: ${Math.floor((totalmem() * CELLS_PART) / cells / MB)}MB\n`);
  const server = await startNanos(scope, { folder: built.folder, dataDir: built.dataDir, cells, configFile });
  const levels: Level[] = [];
  let called = 0;
  for (const [index, level] of size.levels.entries()) {
    await fill(run, server, called, level);
    // no app is called for the first time twice
    called = Math.min(level + size.coldSample, size.levels[index + 1] ?? Infinity);
    levels.push(await measure(run, server, level, called));
  }
  await server.stop();
  note(`${size.deployed} apps were deployed meanwhile; cold starts are the first requests to up to ${size.coldSample} more apps from each level on, with ${PAUSE_MS} ms in between`);
  note(`Cells had ${CELLS_PART * 100} % of the machine's memory together (cell_memory), not half of it as by default`);
  note(`Requests a second over ${CONNECTIONS} kept connections, medians of ${size.rounds} rounds; with all residents in turn each connection asks for another app each time, so nothing is handed over together`);
  return figuresOf(levels, size.levels);
}

async function fill({ say }: DensityRun, server: NanosServer, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += SAY_EVERY) {
    const end = Math.min(to, at + SAY_EVERY);
    await callApps(server, namesOf(at, end), { pauseMs: 0, isFirst: true });
    say(`density: ${end} apps called`);
  }
}

/** `coldTo`: apps up to this one are called for the first time. */
async function measure(run: DensityRun, server: NanosServer, level: number, coldTo: number): Promise<Level> {
  const { size, say } = run;
  say(`density: measuring with ${level} resident`);
  await sleep(SETTLE_MS);
  const use = hostUse(server.pid);
  const counted = await countResidents(server.controlUrl);
  const idle = await idleCpuMs(server.pid, size.idleMs);
  const apps = await timeControl(server.controlUrl, 'v1/apps');
  const metrics = await timeControl(server.controlUrl, 'metrics');
  const one = await rounds(run, server, [appName(0)]);
  const each = level === 1 ? undefined : await rounds(run, server, namesOf(0, level));
  const step = Math.max(1, Math.floor(level / size.warmSample));
  const warmMs = level === 1 ? undefined : await callApps(server, namesOf(0, level).filter((_, index) => index % step === 0), { pauseMs: 0, isFirst: false });
  const coldMs = await callApps(server, namesOf(level, coldTo), { pauseMs: PAUSE_MS, isFirst: true });
  return { counted, use, idleCpuMs: idle, apps, metrics, one, each, warmMs, coldMs };
}

/** The round with the median of requests a second. */
async function rounds({ scope, size }: DensityRun, server: NanosServer, apps: readonly string[]): Promise<LoadFigures> {
  const measured: LoadFigures[] = [];
  const [first = '', ...more] = apps;
  for (let round = 0; round < size.rounds; round++) {
    const order = { ...server.address(first), moreHosts: more.map((app) => server.address(app).host), method: 'GET', body: '', path: '/', connections: CONNECTIONS } as const;
    const figures = await runLoad(scope, server.pid, { ...order, rampMs: size.rampMs, measuredMs: size.measuredMs });
    if (figures.failedPart > 0) throw new Error(`${(figures.failedPart * 100).toFixed(1)} % of the requests to ${apps.length} apps failed`);
    measured.push(figures);
  }
  return measured.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond)[Math.floor(measured.length / 2)]!;
}

function namesOf(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => appName(from + index));
}

function figuresOf(levels: readonly Level[], counts: readonly number[]): DensityFigure[] {
  const figure = (name: string, unit: DensityFigure['unit'], of: (level: Level) => number | undefined, better?: Better): DensityFigure => {
    const values = levels.map(of);
    return { section: 'residents', name, unit, values, targets: better === undefined ? [] : flat(values, better, FLAT_FACTOR) };
  };
  const at = (part: number, of: (level: Level) => readonly number[] | undefined) => (level: Level) => {
    const latencies = of(level);
    return latencies === undefined ? undefined : quantile(latencies, part);
  };
  const [first] = levels;
  const last = levels.at(-1);
  if (first === undefined || last === undefined) throw new Error('No level was measured');
  const weights = levels.map(({ use }, index) => (index === 0 ? undefined : (use.bytes - first.use.bytes) / (counts[index]! - counts[0]!) / MB));
  return [
    figure('isolates, as the host counts them', 'apps', ({ counted }) => counted),
    figure('PSS of all processes', 'MB', ({ use }) => use.bytes / MB),
    { section: 'residents', name: 'PSS, for each resident more than the first', unit: 'MB', values: weights, targets: [...belowAtEach(weights, 2, 'MB'), ...flat(weights, 'lower', FLAT_FACTOR)] },
    { ...figure('mappings of the fullest cell', 'maps', ({ use }) => use.mappings), targets: [below(last.use.mappings, mappingsMax(), 'maps')] },
    figure('cold start, p50', 'ms', at(0.5, ({ coldMs }) => coldMs), 'lower'),
    figure('cold start, p99', 'ms', at(0.99, ({ coldMs }) => coldMs), 'lower'),
    figure('resident app on a new connection, p50', 'ms', at(0.5, ({ warmMs }) => warmMs), 'lower'),
    figure('resident app on a new connection, p99', 'ms', at(0.99, ({ warmMs }) => warmMs), 'lower'),
    figure('one app under load', '1/s', ({ one }) => one.requestsPerSecond, 'higher'),
    figure('one app under load, CPU a request', 'µs', ({ one }) => one.cpuUsPerRequest, 'lower'),
    figure('all residents in turn', '1/s', ({ each }) => each?.requestsPerSecond, 'higher'),
    figure('all residents in turn, CPU a request', 'µs', ({ each }) => each?.cpuUsPerRequest, 'lower'),
    figure('CPU in a second without requests', 'ms', ({ idleCpuMs: ms }) => ms),
    figure('GET /v1/apps', 'ms', ({ apps }) => apps.ms),
    figure('GET /metrics', 'ms', ({ metrics }) => metrics.ms),
    figure('GET /metrics, its size', 'KB', ({ metrics }) => metrics.bytes / KB),
  ];
}
