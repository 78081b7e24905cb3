/** What parts of the web API cost inside an isolate, beside workerd's and Node's. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRun } from '../bench-run.ts';
import { firstRequest } from '../load/first-request.ts';
import { quantile } from '../measure/quantile.ts';
import { collect, type Figure, type Unit } from '../report/figure.ts';
import type { BenchServer } from '../servers/bench-address.ts';
import { startNodeWorker } from '../servers/start-bare-node.ts';
import { startNanos } from '../servers/start-nanos.ts';
import { startWorkerd } from '../servers/start-workerd.ts';
import { staticWorkersConfig } from '../servers/workerd-config.ts';

interface Part {
  readonly path: string;
  readonly name: string;
  readonly unit: Extract<Unit, 'µs' | 'ms'>;
  readonly times: number;
}

const PARTS: readonly Part[] = [
  { path: 'url', name: 'new URL, searchParams.append, href', unit: 'µs', times: 4_000 },
  { path: 'headers', name: 'Headers: make, append, set, iterate', unit: 'µs', times: 4_000 },
  { path: 'messages', name: 'Request with a JSON body, Response.json, clone', unit: 'µs', times: 1_000 },
  { path: 'encode', name: '1 MB of text to UTF-8', unit: 'ms', times: 20 },
  { path: 'decode', name: '1 MB of UTF-8 to text', unit: 'ms', times: 20 },
  { path: 'pipe', name: '64 chunks of 16 KB through a TransformStream', unit: 'µs', times: 20 },
  { path: 'digest', name: 'SHA-256 of 64 KB', unit: 'µs', times: 100 },
];
const APP = 'web-api';
/** A part's many repetitions are one request, which may take longer than tenants' may. */
const CONFIG = 'limits: { cpu_ms: 60000, wall_ms: 60000, subrequests: 1000 }\n';
const WARM_UP_ROUNDS = 2;

export async function webApi(run: BenchRun): Promise<Figure[]> {
  const servers = await startServers(run);
  const figures: Figure[] = [];
  for (const part of PARTS) {
    run.say(`web-api: ${part.name}`);
    figures.push(await measure(run, servers, part));
  }
  await Promise.all(servers.map((server) => server.stop()));
  run.note(`Web API: time of a request that does it many times, less that of one that does nothing, by the number; medians of ${run.size.rounds} rounds in turns; node has no isolates`);
  return figures;
}

async function startServers({ scope, workerd }: BenchRun): Promise<BenchServer[]> {
  const folder = join(scope.folder, 'web-api');
  const file = join(folder, APP, 'index.js');
  const configFile = join(scope.folder, 'web-api.yaml');
  mkdirSync(join(folder, APP), { recursive: true });
  copyFileSync(fileURLToPath(new URL('../samples/web-api-worker.js', import.meta.url)), file);
  writeFileSync(join(folder, APP, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(configFile, CONFIG);
  const servers = [await startNanos(scope, { folder, dataDir: join(scope.folder, 'web-api-data'), configFile }), await startNodeWorker(scope, file)];
  if (workerd === undefined) return servers;
  return [...servers, await startWorkerd(scope, { program: workerd, config: staticWorkersConfig([{ name: APP, file: `web-api/${APP}/index.js`, listens: true }]), sockets: [APP] })];
}

async function measure({ size }: BenchRun, servers: readonly BenchServer[], { path, name, unit, times }: Part): Promise<Figure> {
  const latencies = new Map<BenchServer['name'], number[]>(servers.map((server) => [server.name, []]));
  for (let round = -WARM_UP_ROUNDS; round < size.rounds; round++) {
    for (const server of servers) {
      const nothing = await firstRequest(server.address(APP), `/${path}?times=0`);
      const much = await firstRequest(server.address(APP), `/${path}?times=${times}`);
      if (round >= 0) latencies.get(server.name)!.push(Math.max(0, much.latencyMs - nothing.latencyMs) / times);
    }
  }
  const values = collect((server) => {
    const all = latencies.get(server);
    return all === undefined ? undefined : quantile(all, 0.5) * (unit === 'µs' ? 1_000 : 1);
  });
  return { section: 'web-api', name, unit, values, targets: [] };
}
