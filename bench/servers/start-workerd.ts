import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchScope } from '../bench-scope.ts';
import type { BenchServer } from './bench-address.ts';
import { listeningPorts } from './listening-ports.ts';

export interface WorkerdOptions {
  /** workerd's own program, without npm's wrapper */
  readonly program: string;
  /** see workerd-config.ts; paths in it are relative to the scope's folder */
  readonly config: string;
  /** the sockets it listens on; one: it takes every app, else they are the apps */
  readonly sockets: readonly string[];
}

let lastConfig = 0;

/** Runs workerd until `stop`. Rejects when it ends before it listens. */
export async function startWorkerd(scope: BenchScope, { program, config, sockets }: WorkerdOptions): Promise<BenchServer> {
  const file = join(scope.folder, `workerd-${++lastConfig}.capnp`);
  writeFileSync(file, config);
  const startedMs = performance.now();
  const started = scope.start(program, ['serve', '--experimental', '--control-fd=3', file], ['ignore', 'ignore', 'pipe', 'pipe']);
  const ports = await listeningPorts(started, started.child.stdio[3] as NodeJS.ReadableStream, sockets);
  const only = sockets.length === 1 ? ports.get(sockets[0]!) : undefined;
  return {
    name: 'workerd',
    pid: started.pid,
    readyMs: performance.now() - startedMs,
    address: (app) => ({ port: only ?? ports.get(app)!, host: `${app}.localhost` }),
    stop: () => started.stop(),
  };
}
