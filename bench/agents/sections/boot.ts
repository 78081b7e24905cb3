/** How soon the first instruction of an agent has run: in a process that has its module compiled, and in a new one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { quantile } from '../../measure/quantile.ts';
import { below } from '../../report/figure.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample, loadSample, type SampleAgent } from '../guests/sample-agent.ts';
import { TRIVIAL_AGENT } from '../guests/typescript-agents.ts';
import { bareGuestProgram } from '../measure/bare-guest.ts';
import { FUEL_MAX, openSample } from '../measure/drive-guest.ts';
import { firstLine } from '../measure/first-line.ts';
import { packedNanos } from '../measure/packed-nanos.ts';
import { timeProcess, type ProcessTimes } from '../measure/first-word.ts';
import { runSample, sampleEnvironment } from '../measure/sample-run.ts';
import { SECURE_EXEC_ENVIRONMENT, SECURE_EXEC_GUESTS, startSecureExec } from '../peers/start-secure-exec.ts';
import { sampled, type AgentFigure, type Beside } from '../report/agent-figure.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';

const timesSchema = z.array(z.number());

export async function boot(run: AgentBenchRun): Promise<AgentFigure[]> {
  const agent = await compileSample(run.scope.folder, 'trivial', TRIVIAL_AGENT);
  run.say('boot: warm');
  const module = await loadSample(agent);
  const warm = await instantiations(module, run.size.warmStarts);
  const recorded = await recordedStarts(agent, join(run.scope.folder, 'boot-data'), run.size.warmStarts);
  const peer = await peerStarts(run);
  run.note('Boot, warm: the compiled module is instantiated and started, to its first syscall. The agent is TypeScript, so its first instruction is that of the engine that is frozen with it');
  return [
    sampled({ section: 'boot', name: 'warm: instantiate, start, first syscall', unit: 'ms', beside: peer }, warm, (median) => [below(median, 1, 'ms')]),
    sampled({ section: 'boot', name: 'warm: the same as a run, with its journal', unit: 'ms', beside: peer }, recorded),
    ...(await freshStarts(run, agent, module)),
  ];
}

/** The time from before the instance is made to the guest's first syscall, in ms. */
export async function instantiations(module: MeteredModule, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    let calledMs: number | undefined;
    const startedMs = performance.now();
    const guest = openSample(module, {
      syscall: () => {
        calledMs ??= performance.now();
        return undefined;
      },
    });
    await guest.start(FUEL_MAX);
    guest.close();
    if (calledMs !== undefined) times.push(calledMs - startedMs);
    await nextTurn();
  }
  return times;
}

async function recordedStarts({ manifest }: SampleAgent, dataDir: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    let saidMs: number | undefined;
    const environment = sampleEnvironment(dataDir, { log: () => (saidMs ??= performance.now()) });
    const startedMs = performance.now();
    await runSample(manifest, environment);
    if (saidMs !== undefined) times.push(saidMs - startedMs);
  }
  return times.slice(Math.floor(count / 10));
}

async function peerStarts({ scope, size, secureExec, say }: AgentBenchRun): Promise<Beside[]> {
  if (secureExec === undefined) return [];
  say('boot: secure-exec, warm');
  const started = startSecureExec(scope, secureExec, 'starts', size.peerStarts + 1);
  const [, ...times] = timesSchema.parse(JSON.parse(await firstLine(started)));
  started.child.stdin?.end();
  await started.stop();
  return [{ name: 'secure-exec', value: quantile(times, 0.5) }];
}

/** Each kind in turns, so that what else the machine does meets them all. */
async function freshStarts({ scope, size, secureExec, say, note }: AgentBenchRun, { manifestFile, folder }: SampleAgent, { bytes }: MeteredModule): Promise<AgentFigure[]> {
  const args = ['run', manifestFile, '--data', join(scope.folder, 'fresh-data')];
  const nanosFile = packedNanos();
  await timeProcess(scope, nanosFile, args, 'here');
  const meteredFile = join(folder, 'metered.wasm');
  writeFileSync(meteredFile, bytes);
  const bare: ProcessTimes[] = [];
  const guest: ProcessTimes[] = [];
  const nanos: ProcessTimes[] = [];
  const peer: ProcessTimes[] = [];
  for (let index = 0; index < size.freshStarts; index++) {
    if (index % 10 === 0) say(`boot: new processes, ${index} of ${size.freshStarts}`);
    bare.push(await timeProcess(scope, process.execPath, ['-e', '0'], 'here'));
    guest.push(await timeProcess(scope, process.execPath, ['-e', bareGuestProgram(meteredFile)], 'here'));
    nanos.push(await timeProcess(scope, nanosFile, args, 'here'));
    if (secureExec !== undefined) peer.push(await peerProcess(scope, secureExec.entry));
  }
  note('Boot, new process: bin/nanos run of an agent whose module is in the data directory already, beside node -e 0 from its start to its end, in turns; what is over the bare process is what it took less the median of the bare one. It is nanos as the package has it, and not its first run, which makes the heap that the others start from; a clone strips the types of its sources at each start, and takes several times as long');
  return freshFigures({ bare, guest, nanos, peer });
}

interface Fresh {
  readonly bare: readonly ProcessTimes[];
  readonly guest: readonly ProcessTimes[];
  readonly nanos: readonly ProcessTimes[];
  readonly peer: readonly ProcessTimes[];
}

/** The peer's guests end with their process. */
function peerProcess(scope: AgentBenchRun['scope'], entry: string): Promise<ProcessTimes> {
  return timeProcess(scope, process.execPath, ['--disable-warning=ExperimentalWarning', SECURE_EXEC_GUESTS, entry, 'starts', '1'], '[', SECURE_EXEC_ENVIRONMENT);
}

function freshFigures({ bare, guest, nanos, peer }: Fresh): AgentFigure[] {
  const words = (times: readonly ProcessTimes[]): number[] => times.flatMap(({ wordMs }) => wordMs ?? []);
  const ends = (times: readonly ProcessTimes[]): number[] => times.map(({ endMs }) => endMs);
  const bareMs = quantile(ends(bare), 0.5);
  const over = (name: string, times: readonly number[], others: readonly number[]): AgentFigure => {
    const beside = others.length === 0 ? [] : [{ name: 'secure-exec', value: quantile(others, 0.5) - bareMs }];
    return sampled({ section: 'boot', name, unit: 'ms', beside }, times.map((time) => time - bareMs), (median) => [below(median, 40, 'ms')]);
  };
  return [
    sampled({ section: 'boot', name: 'new process: read, compile, instantiate, first syscall, over bare node', unit: 'ms' }, words(guest).map((time) => time - bareMs)),
    over('new process: nanos run to the first word, over bare node', words(nanos), words(peer)),
    sampled({ section: 'boot', name: 'new process: nanos run to the first word', unit: 'ms', beside: [{ name: 'node -e 0', value: bareMs }] }, words(nanos)),
    sampled({ section: 'boot', name: 'new process: nanos run to its end', unit: 'ms', beside: [{ name: 'node -e 0', value: bareMs }] }, ends(nanos)),
  ];
}
