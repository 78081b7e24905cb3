/** First requests to apps of distinct source, one after the other, with few and with many isolates resident; and what a resident app weighs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchRun } from '../bench-run.ts';
import { firstRequest } from '../load/first-request.ts';
import { cpuMs, memoryBytes } from '../measure/process-tree.ts';
import { quantile } from '../measure/quantile.ts';
import { below, collect, type Figure } from '../report/figure.ts';
import { largeApp } from '../samples/large-app.ts';
import { smallApp } from '../samples/small-app.ts';
import { writeApps } from '../samples/write-apps.ts';
import type { BenchServer, ServerName } from '../servers/bench-address.ts';
import { startBareNode } from '../servers/start-bare-node.ts';
import { startNanos, type NanosServer } from '../servers/start-nanos.ts';
import { startWorkerd } from '../servers/start-workerd.ts';
import { WORKER_LOADER_SOURCE, workerLoaderConfig } from '../servers/workerd-config.ts';
import { startsOfLargeApps } from './starts-of-large-apps.ts';

const SETTLE_MS = 1_500;
/** Between first requests: apps are not called for the first time one right after the other, and a server may get ready for the next. */
const PAUSE_MS = 10;
const MB = 1024 * 1024;

/** Latencies in ms. */
interface Measured {
  readonly smallFirst: readonly number[];
  readonly smallMany: readonly number[];
  /** without a pause in between, on the way to many residents */
  readonly smallBackToBack: readonly number[];
  readonly smallWarm: readonly number[];
  readonly largeFirst: readonly number[];
  readonly largeMany: readonly number[];
  readonly bytesPerApp: number;
  /** of all the server's processes, over a small app's start, its request and its connection */
  readonly cpuMsPerStart: number;
}

/** Names of the apps that are called, in order. */
interface Plan {
  readonly few: readonly string[];
  readonly fill: readonly string[];
  readonly many: readonly string[];
  readonly large: readonly string[];
  readonly largeAgain: readonly string[];
}

type StartServer = () => Promise<BenchServer>;
/** Calls each app once, as its first request, and proves that it was. */
type Call = (server: BenchServer, apps: readonly string[], pauseMs: number) => Promise<number[]>;

export async function coldAndMemory(run: BenchRun): Promise<Figure[]> {
  const plan = planOf(run);
  const folder = await writeSamples(run, plan);
  const dataDir = join(run.scope.folder, 'cold-data');
  await buildAll(run, folder, dataDir, plan);
  run.say('cold: nanos');
  const measured = new Map<ServerName, Measured>();
  measured.set('nanos', await measureServer(run, plan, () => startNanos(run.scope, { folder, dataDir }), callNanos));
  if (run.workerd !== undefined) {
    run.say('cold: workerd');
    measured.set('workerd', await measureServer(run, plan, startLoader(run, run.workerd, folder), callAll));
  }
  run.say('cold: a process of node:http for each app');
  const node = await measureNode(run);
  run.say('cold: 500 KB apps, evaluated and restored');
  const starts = await startsOfLargeApps(run.scope, { folder, dataDir, names: plan.large });
  return figuresOf(run, measured, node, starts);
}

function planOf({ size }: BenchRun): Plan {
  const named = (kind: string, from: number, count: number): string[] => Array.from({ length: count }, (_, index) => `${kind}-${from + index}`);
  const { smallSample, residents, largeSample } = size;
  return {
    few: named('small', 0, smallSample),
    fill: named('small', smallSample, residents - smallSample),
    many: named('small', residents, smallSample),
    large: named('large', 0, largeSample),
    largeAgain: named('large', largeSample, largeSample),
  };
}

async function writeSamples({ scope, say }: BenchRun, plan: Plan): Promise<string> {
  const small = [...plan.few, ...plan.fill, ...plan.many];
  const large = [...plan.large, ...plan.largeAgain];
  say(`cold: writing ${small.length} small apps and ${large.length} of 500 KB`);
  const folder = writeApps(join(scope.folder, 'cold'), small.map((name, index) => [name, smallApp(index)] as const));
  for (const [index, name] of large.entries()) writeApps(folder, [[name, await largeApp(index)]]);
  return folder;
}

/** One start that builds every app, so that later ones find them built. */
async function buildAll({ scope, say, note }: BenchRun, folder: string, dataDir: string, plan: Plan): Promise<void> {
  const total = Object.values(plan).flat().length;
  let built = 0;
  const server = await startNanos(scope, { folder, dataDir, onServing: () => ++built % 200 === 0 && say(`cold: built ${built} of ${total}`) });
  await server.stop();
  note(`Cold start: ${total} apps of distinct source, built in ${(server.readyMs / 1000).toFixed(1)} s; the host was restarted before every series, every request had a connection of its own and its own app, with ${PAUSE_MS} ms in between unless said, each answer says that it is its isolate's first, and for nanos nanos_app_cold_starts_total of each app called rose from 0 to 1`);
}

async function measureServer(run: BenchRun, plan: Plan, start: StartServer, call: Call): Promise<Measured> {
  const largeServer = await start();
  const largeFirst = await call(largeServer, plan.large, PAUSE_MS);
  await largeServer.stop();

  const server = await start();
  const before = await settledBytes(server);
  const smallFirst = await call(server, plan.few, PAUSE_MS);
  const cpuBeforeMs = cpuMs(server.pid);
  const smallBackToBack = await callAll(server, plan.fill, 0);
  const cpuMsPerStart = (cpuMs(server.pid) - cpuBeforeMs) / plan.fill.length;
  const bytesPerApp = ((await settledBytes(server)) - before) / run.size.residents;
  const smallMany = await call(server, plan.many, PAUSE_MS);
  const largeMany = await call(server, plan.largeAgain, PAUSE_MS);
  const smallWarm = await callAgain(server, plan.many);
  await server.stop();
  return { smallFirst, smallMany, smallBackToBack, smallWarm, largeFirst, largeMany, bytesPerApp, cpuMsPerStart };
}

/** After what a start leaves behind is done. */
async function settledBytes(server: BenchServer): Promise<number> {
  await sleep(SETTLE_MS);
  return memoryBytes(server.pid);
}

async function callNanos(server: BenchServer, apps: readonly string[], pauseMs: number): Promise<number[]> {
  const { coldStarts } = server as NanosServer;
  const before = await coldStarts();
  const latencies = await callAll(server, apps, pauseMs);
  const after = await coldStarts();
  const wrong = apps.filter((app) => before.has(app) || after.get(app) !== 1);
  if (wrong.length > 0) throw new Error(`Not each first request was one cold start: ${wrong.slice(0, 5).join(', ')}`);
  return latencies;
}

async function callAll(server: BenchServer, apps: readonly string[], pauseMs: number): Promise<number[]> {
  const latencies: number[] = [];
  for (const app of apps) {
    const { latencyMs, text } = await firstRequest(server.address(app));
    if (!text.includes('"served":1,') || !text.includes(`"app":"${app}"`)) throw new Error(`${server.name} did not answer as the first isolate of ${app}: ${text.slice(-200)}`);
    latencies.push(latencyMs);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return latencies;
}

async function callAgain(server: BenchServer, apps: readonly string[]): Promise<number[]> {
  const latencies: number[] = [];
  for (const app of apps) latencies.push((await firstRequest(server.address(app))).latencyMs);
  return latencies;
}

function startLoader({ scope }: BenchRun, program: string, folder: string): StartServer {
  writeFileSync(join(scope.folder, 'loader.js'), WORKER_LOADER_SOURCE);
  return () => startWorkerd(scope, { program, config: workerLoaderConfig('loader.js', folder), sockets: ['http'] });
}

interface NodeProcesses {
  /** until the first answer */
  readonly startMs: readonly number[];
  readonly bytesPerApp: number;
  readonly cpuMsPerStart: number;
}

/** What an app costs that gets a process of its own. */
async function measureNode({ scope, size }: BenchRun): Promise<NodeProcesses> {
  const startMs: number[] = [];
  const servers: BenchServer[] = [];
  for (let index = 0; index < size.nodeSample; index++) {
    const startedMs = performance.now();
    const server = await startBareNode(scope);
    await firstRequest(server.address('hello'));
    startMs.push(performance.now() - startedMs);
    servers.push(server);
  }
  const average = (of: (pid: number) => number): number => servers.reduce((total, { pid }) => total + of(pid), 0) / servers.length;
  const [bytesPerApp, cpuMsPerStart] = [average(memoryBytes), average(cpuMs)];
  await Promise.all(servers.map((server) => server.stop()));
  return { startMs, bytesPerApp, cpuMsPerStart };
}

function figuresOf({ size, note }: BenchRun, measured: ReadonlyMap<ServerName, Measured>, node: NodeProcesses, starts: Awaited<ReturnType<typeof startsOfLargeApps>>): Figure[] {
  const { smallSample, residents } = size;
  const at = (of: (all: Measured) => readonly number[], part: number): Figure['values'] => collect((server) => {
    const all = measured.get(server);
    return all === undefined ? undefined : quantile(of(all), part);
  });
  const cold = (name: string, values: Figure['values'], limitMs?: number): Figure => ({ section: 'cold', name, unit: 'ms', values, targets: limitMs === undefined ? [] : [below(values.nanos!, limitMs, 'ms')] });
  const withNode = (values: Figure['values'], part: number): Figure['values'] => ({ ...values, node: quantile(node.startMs, part) });
  const weight = collect((server) => (server === 'node' ? node.bytesPerApp : measured.get(server)?.bytesPerApp));
  note(`node:http in cold start and memory: one process an app, from its start to its first answer, ${size.nodeSample} of them`);
  note(`workerd in cold start and memory: a Worker Loader that reads each app's file when it is first called; it enforces no limits. A warm request on a new connection took ${quantile(measured.get('nanos')!.smallWarm, 0.5).toFixed(2)} ms (nanos, p50)`);
  note(`A 500 KB app in the cell's own start code, without HTTP: from its snapshot ${starts.restoredMs.toFixed(1)} ms, by evaluating its source without any cache ${starts.evaluatedMs.toFixed(1)} ms (p50, in turns)`);
  const times = starts.evaluatedMs / starts.restoredMs;
  return [
    cold(`small app, first ${smallSample} isolates, p50`, withNode(at((all) => all.smallFirst, 0.5), 0.5), 5),
    cold(`small app, first ${smallSample} isolates, p99`, withNode(at((all) => all.smallFirst, 0.99), 0.99), 10),
    cold(`small app, ${residents} resident, p50`, at((all) => all.smallMany, 0.5), 5),
    cold(`small app, ${residents} resident, p99`, at((all) => all.smallMany, 0.99), 10),
    cold(`small app, one right after the other up to ${residents}, p50`, at((all) => all.smallBackToBack, 0.5)),
    cold('500 KB app, hardly any resident, p50', at((all) => all.largeFirst, 0.5), 15),
    cold('500 KB app, hardly any resident, p99', at((all) => all.largeFirst, 0.99)),
    cold(`500 KB app, ${residents} resident, p50`, at((all) => all.largeMany, 0.5), 15),
    cold(`500 KB app, ${residents} resident, p99`, at((all) => all.largeMany, 0.99)),
    cold('small app, CPU a cold start', collect((server) => (server === 'node' ? node.cpuMsPerStart : measured.get(server)?.cpuMsPerStart))),
    { section: 'cold', name: '500 KB app: evaluating its source ÷ restoring it', unit: '×', values: { nanos: times }, targets: [{ text: '≥ 4 ×', isMet: times >= 4 }] },
    { section: 'memory', name: `small app, PSS of all processes over ${residents}`, unit: 'MB', values: collect((server) => (weight[server] === undefined ? undefined : weight[server] / MB)), targets: [below(weight.nanos! / MB, 2, 'MB')] },
  ];
}
