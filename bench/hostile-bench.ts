import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchScope } from './bench-scope.ts';
import { deployPrograms, VICTIM } from './hostile/deploy-programs.ts';
import { readPrograms, type Program } from './hostile/read-programs.ts';
import { formatHostileMarkdown, formatHostileTerminal, toRow, type HostileReport, type Row } from './hostile/report/hostile-report.ts';
import { HostileHost } from './hostile/run/hostile-host.ts';
import { startHostileOrigin } from './hostile/run/hostile-origin.ts';
import { scoreOnWorkerd } from './hostile/run/on-workerd.ts';
import { score } from './hostile/run/score.ts';
import { VictimWatch } from './hostile/victim/victim-watch.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { findWorkerd, type Workerd } from './servers/find-workerd.ts';
import type { BenchOptions } from '../src/cli/commands/bench.ts';

const OPTIONS = { waitMsMax: 25_000, patienceMs: 40_000 };
/** A program of the CPU class is called so long: a p99 needs that many of the victim's requests. */
const SUSTAINED_MS = 4_000;
const QUIET_MS = 5_000;
const QUIET_QUICK_MS = 2_000;

/** Runs every hostile program beside a victim under constant load, one by one, then on workerd, and returns the scoreboard as text. With `quick` without workerd. */
export async function hostileBench(options: BenchOptions): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench looks at processes in /proc: it runs on Linux');
  const report = await measureHostile(options);
  if (options.format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatHostileMarkdown(report) : `\n${formatHostileTerminal(report)}`;
}

async function measureHostile({ quick, only, say, signal }: BenchOptions): Promise<HostileReport> {
  const programs = readPrograms().filter(({ group }) => only === undefined || group === only);
  const scope = new BenchScope(signal);
  const origin = await startHostileOrigin();
  const notes: string[] = [];
  const workerd = quick ? undefined : workerdIfThere(notes);
  let host: HostileHost | undefined;
  try {
    const configFile = await deployPrograms(scope.folder, programs);
    host = new HostileHost(scope, { folder: join(scope.folder, 'apps'), configFile, dataDir: join(scope.folder, 'data') });
    say(`${programs.length} programs are built`);
    await host.whenReady();
    const watch = new VictimWatch(scope, { port: host.appsPort, host: `${VICTIM}.localhost` });
    // connections and code are warm after a while
    await sleep(QUIET_QUICK_MS);
    await watch.read();
    await sleep(quick ? QUIET_QUICK_MS : QUIET_MS);
    const quiet = await watch.read();
    const rows: Row[] = [];
    for (const program of programs) {
      signal.throwIfAborted();
      say(program.name);
      const [scored] = await score(host, watch, [program], { ...OPTIONS, originUrl: origin.url, sustainedMs: isSustained(program) && !quick ? SUSTAINED_MS : 0 });
      rows.push(toRow(scored!, quiet, undefined));
    }
    await host.kill();
    await watch.stop();
    const compared = workerd === undefined ? rows : await compare(rows, programs, { scope, workerd, originUrl: origin.url, say, signal });
    return { machine: machineFacts(), workerd: workerd?.version ?? 'not run', quick, quiet, rows: compared, notes };
  } finally {
    origin.close();
    await host?.kill();
    await scope.close();
  }
}

/** One that costs a cell is held back when it comes again. */
function isSustained({ group, defence }: Program): boolean {
  return group === 'cpu' && defence !== 'thread-loss';
}

interface Peer extends Pick<BenchOptions, 'say' | 'signal'> {
  readonly scope: BenchScope;
  readonly workerd: Workerd;
  readonly originUrl: string;
}

async function compare(rows: readonly Row[], programs: readonly Program[], { scope, workerd, originUrl, say, signal }: Peer): Promise<Row[]> {
  const compared: Row[] = [];
  for (const [index, row] of rows.entries()) {
    signal.throwIfAborted();
    const program = programs[index]!;
    if (!program.onWorkerd) {
      compared.push(row);
      continue;
    }
    say(`${program.name} on workerd`);
    compared.push({ ...row, workerd: await scoreOnWorkerd(scope, workerd.program, program, originUrl) });
  }
  return compared;
}

function workerdIfThere(notes: string[]): Workerd | undefined {
  try {
    return findWorkerd();
  } catch (error) {
    notes.push(`workerd is left out: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
