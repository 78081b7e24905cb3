/** Requests a second and CPU a request of three servers that run side by side, one under load at a time, in turns. */
import { join } from 'node:path';
import type { BenchRun } from '../bench-run.ts';
import { runLoad, type LoadFigures } from '../load/run-load.ts';
import { quantile } from '../measure/quantile.ts';
import { atLeastOf, atMostOf, collect, type Figure } from '../report/figure.ts';
import { THROUGHPUT_APPS, type ThroughputApp } from '../samples/throughput-apps.ts';
import { writeApps } from '../samples/write-apps.ts';
import type { BenchServer } from '../servers/bench-address.ts';
import { startBareNode } from '../servers/start-bare-node.ts';
import { startNanos } from '../servers/start-nanos.ts';
import { startWorkerd } from '../servers/start-workerd.ts';
import { staticWorkersConfig } from '../servers/workerd-config.ts';

const CONNECTIONS = 32;
/** as it holds for CPU and for requests a second */
const WORKERD_FACTOR = 2;

export async function throughput(run: BenchRun): Promise<Figure[]> {
  const servers = await startServers(run);
  const figures: Figure[] = [];
  for (const app of THROUGHPUT_APPS) {
    const able = await warmUp(run, servers, app);
    const measured = await rounds(run, able, app);
    figures.push(...figuresOf(app, measured));
  }
  await Promise.all(servers.map((server) => server.stop()));
  run.note(`Throughput: medians of ${run.size.rounds} rounds in turns, ${CONNECTIONS} keep-alive connections from one generator process on the same machine; CPU is user and system of all of a server's processes`);
  return figures;
}

async function startServers({ scope, workerd }: BenchRun): Promise<BenchServer[]> {
  const folder = writeApps(join(scope.folder, 'throughput'), THROUGHPUT_APPS.map(({ name, source }) => [name, source] as const));
  const servers: BenchServer[] = [await startNanos(scope, { folder, dataDir: join(scope.folder, 'throughput-data') }), await startBareNode(scope)];
  if (workerd === undefined) return servers;
  const sockets = THROUGHPUT_APPS.map(({ name }) => name);
  const config = staticWorkersConfig(sockets.map((name) => ({ name, file: `throughput/${name}/index.js`, listens: true })));
  return [...servers, await startWorkerd(scope, { program: workerd, config, sockets })];
}

/** Those that answer this app under load; a note says why another does not. */
async function warmUp(run: BenchRun, servers: readonly BenchServer[], app: ThroughputApp): Promise<BenchServer[]> {
  const able: BenchServer[] = [];
  for (const server of servers) {
    try {
      await load(run, server, app, run.size.warmUpMs, 1);
      able.push(server);
    } catch (error) {
      run.scope.signal.throwIfAborted();
      run.note(`${server.name} is left out of ${app.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return able;
}

async function rounds(run: BenchRun, servers: readonly BenchServer[], app: ThroughputApp): Promise<Map<BenchServer['name'], LoadFigures[]>> {
  const measured = new Map<BenchServer['name'], LoadFigures[]>(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < run.size.rounds; round++) {
    run.say(`throughput: ${app.title}, round ${round + 1} of ${run.size.rounds}`);
    for (let turn = 0; turn < servers.length; turn++) {
      const server = servers[(turn + round) % servers.length]!;
      measured.get(server.name)!.push(await load(run, server, app, run.size.rampMs, run.size.measuredMs));
    }
  }
  return measured;
}

async function load({ scope }: BenchRun, server: BenchServer, app: ThroughputApp, rampMs: number, measuredMs: number): Promise<LoadFigures> {
  const { method, body } = app;
  const figures = await runLoad(scope, server.pid, { ...server.address(app.name), method, body, path: '/', connections: CONNECTIONS, rampMs, measuredMs });
  if (figures.failedPart > 0) throw new Error(`${server.name} failed ${(figures.failedPart * 100).toFixed(1)} % of the requests of ${app.title}`);
  return figures;
}

function figuresOf({ title }: ThroughputApp, measured: ReadonlyMap<BenchServer['name'], readonly LoadFigures[]>): Figure[] {
  const median = (of: (figures: LoadFigures) => number): Figure['values'] =>
    collect((server) => {
      const all = measured.get(server);
      return all === undefined ? undefined : quantile(all.map(of), 0.5);
    });
  const rates = median(({ requestsPerSecond }) => requestsPerSecond);
  const cpu = median(({ cpuUsPerRequest }) => cpuUsPerRequest);
  const cpuTargets = [...atMostOf(cpu, 'workerd', 1 / WORKERD_FACTOR), ...atMostOf(cpu, 'node', 2)];
  return [
    { section: 'throughput', name: `${title}: requests`, unit: '1/s', values: rates, targets: atLeastOf(rates, 'workerd', WORKERD_FACTOR) },
    { section: 'throughput', name: `${title}: CPU a request`, unit: 'µs', values: cpu, targets: cpuTargets },
  ];
}
