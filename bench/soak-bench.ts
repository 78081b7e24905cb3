import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CELL_ENVIRONMENT, ISOLATE_FLAGS } from '../src/host/child-flags.ts';
import type { BenchOptions } from '../src/cli/commands/bench.ts';
import { BenchScope } from './bench-scope.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { startNanos } from './servers/start-nanos.ts';
import { writeSoakApps } from './soak/soak-apps.ts';
import type { SoakLook, SoakOrder } from './soak/soak-process.ts';
import { formatSoakMarkdown, formatSoakTerminal, growthOf, type SoakReport } from './soak/soak-report.ts';

const ISOLATES = 100_000;
const ISOLATES_QUICK = 2_000;
const LOOKS = 20;

/** Starts and evicts isolates in one process, on a cell's own road, and returns as text what became of its memory. Leaves no process and no file. */
export async function soakBench(options: BenchOptions): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench reads memory from /proc: it runs on Linux');
  const report = await measure(options);
  if (options.format === 'json') return `${JSON.stringify({ ...report, growth: growthOf(report.looks) }, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatSoakMarkdown(report) : `\n${formatSoakTerminal(report)}`;
}

async function measure({ quick, say, signal }: BenchOptions): Promise<SoakReport> {
  const scope = new BenchScope(signal);
  try {
    const folder = join(scope.folder, 'apps');
    const dataDir = join(scope.folder, 'data');
    const names = await writeSoakApps(folder);
    await (await startNanos(scope, { folder, dataDir })).stop();
    const startedMs = performance.now();
    const order = { folders: names.map((name) => join(folder, name)), artefacts: join(dataDir, 'artefacts'), isolates: quick ? ISOLATES_QUICK : ISOLATES, looks: LOOKS };
    const looks = await run(scope, order, say);
    return { machine: machineFacts(), quick, looks, seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    await scope.close();
  }
}

async function run(scope: BenchScope, order: SoakOrder, say: BenchOptions['say']): Promise<SoakLook[]> {
  const flags = [...ISOLATE_FLAGS, '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('soak/soak-process.ts', import.meta.url))];
  const started = scope.start(process.execPath, flags, ['ignore', 'ignore', 'pipe', 'ipc'], CELL_ENVIRONMENT);
  const looks: SoakLook[] = [];
  started.child.on('message', (look: SoakLook) => {
    looks.push(look);
    say(`soak: ${look.isolates} of ${order.isolates} isolates, ${Math.round(look.rssBytes / 1024 / 1024)} MB`);
  });
  started.child.send(order);
  await Promise.race([once(started.child, 'disconnect'), once(started.child, 'exit')]);
  if (looks.at(-1)?.isolates !== order.isolates) throw new Error(`The process ended too soon: ${started.errors()}`);
  await started.stop();
  return looks;
}
