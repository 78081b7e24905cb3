import { resolve } from 'node:path';
import { NanosError } from '../protocol/errors.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';
import type { ServeOptions } from '../protocol/serve-options.ts';
import { isLoopback } from '../server/control/is-loopback.ts';
import { cellMemoryCeiling, machineMemory } from './cell-memory-ceiling.ts';

type Open = 'host' | 'controlPort' | 'appsPort' | 'cells' | 'dataDir' | 'graceMs';

/** Serve options with nothing left open. */
export type SettledOptions = Omit<ServeOptions, Open> & { readonly [K in Open]: NonNullable<ServeOptions[K]> } & {
  /** resident memory of each cell */
  readonly cellMemoryBytes: number;
};

const DEFAULTS = { host: '127.0.0.1', controlPort: 8080, appsPort: 3000, cells: 1, dataDir: '.nanos', graceMs: 10_000 } as const;

/** What the command line leaves open, the operator's file decides, and else the default. Throws `usage` for what does not go together. */
export function settleOptions(options: ServeOptions, policy: OperatorPolicy): SettledOptions {
  const cells = options.cells ?? policy.cells ?? DEFAULTS.cells;
  const settled: SettledOptions = {
    ...options,
    cellMemoryBytes: policy.cellMemoryBytes ?? cellMemoryCeiling(machineMemory(), cells),
    host: options.host ?? policy.host ?? DEFAULTS.host,
    controlPort: options.controlPort ?? policy.controlPort ?? DEFAULTS.controlPort,
    appsPort: options.appsPort ?? policy.appsPort ?? DEFAULTS.appsPort,
    cells,
    agentsFolder: options.agentsFolder === undefined ? policy.agents.folder : resolve(options.agentsFolder),
    dataDir: resolve(options.dataDir ?? policy.dataDir ?? DEFAULTS.dataDir),
    graceMs: options.graceMs ?? policy.graceMs ?? DEFAULTS.graceMs,
  };
  const { auth, host, controlPort, appsPort } = settled;
  if (!auth && !isLoopback(host)) throw new NanosError('usage', `--no-auth works on a loopback address only, and the host's is ${host}`);
  if (controlPort !== 0 && controlPort === appsPort) throw new NanosError('usage', `The control plane and the apps both have port ${appsPort}. Give them different ones with --port and --apps-port`);
  return settled;
}
