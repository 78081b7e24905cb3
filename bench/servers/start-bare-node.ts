import { fileURLToPath } from 'node:url';
import type { BenchScope } from '../bench-scope.ts';
import type { BenchServer } from './bench-address.ts';
import { listeningPorts } from './listening-ports.ts';

/** node:http with the same handlers, no isolation and no Workers API: the floor that everything else stands on. */
export async function startBareNode(scope: BenchScope): Promise<BenchServer> {
  const startedMs = performance.now();
  const started = scope.start(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('bare-node.ts', import.meta.url))], ['ignore', 'pipe', 'pipe']);
  const ports = await listeningPorts(started, started.child.stdout!, ['http']);
  const port = ports.get('http')!;
  return { name: 'node', pid: started.pid, readyMs: performance.now() - startedMs, address: (app) => ({ port, host: `${app}.localhost` }), stop: () => started.stop() };
}
