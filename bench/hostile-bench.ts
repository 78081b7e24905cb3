import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchScope } from './bench-scope.ts';
import { deployPrograms, VICTIM, WALL_MS_MAX } from './hostile/deploy-programs.ts';
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

const OPTIONS = { waitMsMax: WALL_MS_MAX + 10_000, patienceMs: 40_000 };
/** A program of the CPU class is called so long: a p99 needs that many of the victim's requests. */
const SUSTAINED_MS = 4_000;
const WARM_MS = 2_000;
const QUIET_MS = 10_000;
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
  const startedMs = performance.now();
  const progress = (done: number, text: string): void => say(`${Math.round((performance.now() - startedMs) / 1000)} s, ${done + 1} of ${programs.length}: ${text}`);
  try {
    const { quiet, rows } = await attackAll({ programs, scope, originUrl: origin.url, quick, progress, note: (text) => void notes.push(text) });
    const compared = workerd === undefined ? rows : await compare(rows, programs, { scope, workerd, originUrl: origin.url, progress });
    return { machine: machineFacts(), workerd: workerd?.version ?? 'not run', quick, quiet, rows: compared, notes };
  } finally {
    origin.close();
    await scope.close();
  }
}

interface Attacks {
  readonly programs: readonly Program[];
  readonly scope: BenchScope;
  readonly originUrl: string;
  readonly quick: boolean;
  progress(done: number, text: string): void;
  note(text: string): void;
}

/** A host with its victim under load; taken down, it is opened again. */
interface Arena {
  readonly host: HostileHost;
  readonly watch: VictimWatch;
}

async function attackAll({ programs, scope, originUrl, quick, progress, note }: Attacks): Promise<Pick<HostileReport, 'quiet' | 'rows'>> {
  const configFile = await deployPrograms(scope.folder, programs);
  progress(0, 'the programs are written, and built');
  let arena = await openArena(scope, configFile);
  await sleep(quick ? QUIET_QUICK_MS : QUIET_MS);
  const quiet = await arena.watch.read();
  const rows: Row[] = [];
  try {
    for (const program of programs) {
      scope.signal.throwIfAborted();
      progress(rows.length, program.name);
      if (!arena.host.isAlive) {
        note(`The host was lost to ${rows.at(-1)?.program.name} and started again`);
        await closeArena(arena);
        arena = await openArena(scope, configFile);
      }
      const sustainedMs = isSustained(program) && !quick ? SUSTAINED_MS : 0;
      const [scored] = await score(arena.host, arena.watch, [program], { ...OPTIONS, originUrl, sustainedMs });
      rows.push(toRow(scored!, quiet, sustainedMs > 0));
    }
  } finally {
    await closeArena(arena);
  }
  return { quiet, rows };
}

async function openArena(scope: BenchScope, configFile: string): Promise<Arena> {
  const host = new HostileHost(scope, { folder: join(scope.folder, 'apps'), configFile, dataDir: join(scope.folder, 'data') });
  await host.whenReady();
  const watch = new VictimWatch(scope, { port: host.appsPort, host: `${VICTIM}.localhost` });
  // connections and code are warm after a while
  await sleep(WARM_MS);
  await watch.read();
  return { host, watch };
}

async function closeArena({ host, watch }: Arena): Promise<void> {
  await host.kill();
  await watch.stop();
}

/** One that costs a cell is held back when it comes again. */
function isSustained({ group, defence }: Program): boolean {
  return group === 'cpu' && defence !== 'thread-loss';
}

interface Peer extends Pick<Attacks, 'scope' | 'originUrl' | 'progress'> {
  readonly workerd: Workerd;
}

async function compare(rows: readonly Row[], programs: readonly Program[], { scope, workerd, originUrl, progress }: Peer): Promise<Row[]> {
  const compared: Row[] = [];
  for (const row of rows) {
    scope.signal.throwIfAborted();
    const program = programs[compared.length]!;
    if (!program.onWorkerd) {
      compared.push(row);
      continue;
    }
    progress(compared.length, `${program.name} on workerd`);
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
