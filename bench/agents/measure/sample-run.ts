import type { AgentManifest } from '../../../src/protocol/agent/manifest.ts';
import type { SyscallName } from '../../../src/protocol/agent/syscalls.ts';
import type { RunResult } from '../../../src/agents/run/agent-run.ts';
import type { RunEnvironment, RunWatcher } from '../../../src/agents/run/run-environment.ts';
import { startRun, type StartedRun } from '../../../src/agents/run/start-run.ts';
import { runHost } from '../../../src/cli/run-host.ts';

export const SILENT: RunWatcher = { log: () => undefined, denied: () => undefined, rest: () => undefined };

/** What `nanos run` gives a run. */
export function sampleEnvironment(dataDir: string, watcher: Partial<RunWatcher> = {}, signal = new AbortController().signal): RunEnvironment {
  return runHost({ data: dataDir }, { signal, watcher: { ...SILENT, ...watcher }, secrets: { values: [], expand: () => '' }, note: () => undefined, readOnlyPaths: [] });
}

/** Runs an agent to its end. Throws when that is not `done`. */
export async function runSample(manifest: AgentManifest, environment: RunEnvironment): Promise<{ readonly run: StartedRun; readonly result: RunResult }> {
  const run = await startRun(manifest, environment);
  const result = await run.result;
  if (result.end !== 'done') throw new Error(`The agent ${manifest.name} ended as ${result.end}: ${result.message}`);
  return { run, result };
}

/** The time from one call of a syscall to the next, of an agent that makes no other, in µs: through the gate, recorded. */
export async function recordedCallsUs(manifest: AgentManifest, dataDir: string, name: SyscallName): Promise<number[]> {
  const times: number[] = [];
  await runSample(manifest, timingCalls(sampleEnvironment(dataDir), name, times));
  return gapsUs(times);
}

/** The environment, with the time (of `performance.now`) noted whenever one syscall acts. */
function timingCalls(environment: RunEnvironment, name: SyscallName, times: number[]): RunEnvironment {
  const handler = environment.handlers.get(name);
  if (handler === undefined) throw new Error(`There is no syscall ${name}`);
  const timed: typeof handler = {
    ...handler,
    act: (args, body, context) => {
      times.push(performance.now());
      return handler.act(args, body, context);
    },
  };
  return { ...environment, handlers: new Map([...environment.handlers, [name, timed]]) };
}

/** The time from each to the next, in µs, without the first tenth, which warms up. */
export function gapsUs(times: readonly number[]): number[] {
  const gaps = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) * 1000);
  return gaps.slice(Math.floor(gaps.length / 10));
}
