import { fileURLToPath } from 'node:url';
import type { BenchScope } from '../bench-scope.ts';
import type { BenchServer } from './bench-address.ts';
import { listeningPorts } from './listening-ports.ts';

/** node:http with the same handlers, no isolation and no Workers API: the floor that everything else stands on. */
export function startBareNode(scope: BenchScope): Promise<BenchServer> {
  return startNode(scope, [entry('bare-node.ts')]);
}

/** A Worker in `file` on Node's own web API, without isolation. */
export function startNodeWorker(scope: BenchScope, file: string): Promise<BenchServer> {
  return startNode(scope, [entry('node-worker.ts'), file]);
}

function entry(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function startNode(scope: BenchScope, args: readonly string[]): Promise<BenchServer> {
  const startedMs = performance.now();
  const started = scope.start(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], ['ignore', 'pipe', 'pipe']);
  const ports = await listeningPorts(started, started.child.stdout!, ['http']);
  const port = ports.get('http')!;
  return { name: 'node', pid: started.pid, readyMs: performance.now() - startedMs, address: (app) => ({ port, host: `${app}.localhost` }), stop: () => started.stop() };
}
