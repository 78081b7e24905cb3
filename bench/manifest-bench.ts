/** One agent on this machine: how soon its module runs, and what its syscalls cost with what its manifest grants. The agent itself makes none. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_MODULE_RULES, checkAgentModule } from '../src/agents/run/agent-module.ts';
import { readManifest } from '../src/agents/manifest/read-manifest.ts';
import type { AgentManifest } from '../src/protocol/agent/manifest.ts';
import { NanosError } from '../src/protocol/errors.ts';
import type { BenchOptions } from '../src/cli/commands/bench.ts';
import type { MeteredModule } from '../src/sandbox/wasm/metered-module.ts';
import { ModuleCache } from '../src/sandbox/wasm/module-cache.ts';
import { FULL, QUICK, type AgentBenchSize } from './agents/agent-bench-size.ts';
import { callsGranted, type GrantedCall } from './agents/guests/calls-granted.ts';
import { writeSample } from './agents/guests/sample-agent.ts';
import { callingGuest } from './agents/guests/wasm-guests.ts';
import { recordedCallsUs } from './agents/measure/sample-run.ts';
import { sampled, single, type AgentFigure } from './agents/report/agent-figure.ts';
import { formatAgentMarkdown, formatAgentTerminal, type AgentReport } from './agents/report/format-agent-report.ts';
import { instantiations } from './agents/sections/boot.ts';
import { BenchScope } from './bench-scope.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { below } from './report/figure.ts';

const LOADS = 5;

/** Returns the report as text. Throws as readManifest does, and what is wrong with the module. */
export async function manifestBench(path: string, options: BenchOptions): Promise<string> {
  const report = await measureManifest(path, options);
  if (options.format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatAgentMarkdown(report) : `\n${formatAgentTerminal(report)}`;
}

async function measureManifest(path: string, { quick, say, signal }: BenchOptions): Promise<AgentReport> {
  const { manifest } = await readManifest(path);
  const { binary } = manifest;
  if (binary === undefined) throw new NanosError('config_invalid', 'The manifest names no binary to measure. Make one with nanos compile, and name it');
  const size = quick ? QUICK : FULL;
  const scope = new BenchScope(signal);
  const notes = ['The agent is started to its first syscall, which is not answered: nothing that it does has an effect. Its syscalls are made by a guest that makes nothing else, with its grant and without its budgets'];
  try {
    const figures = [...(await bootFigures(await readFile(binary), scope, size, say)), ...(await callFigures(manifest, { scope, size, say, notes }))];
    return { machine: machineFacts(), peer: `agent: ${manifest.name}`, quick, figures, notes };
  } finally {
    await scope.close();
  }
}

async function bootFigures(wasm: Uint8Array, scope: BenchScope, { warmStarts }: AgentBenchSize, say: BenchOptions['say']): Promise<AgentFigure[]> {
  say('boot');
  const firstMs: number[] = [];
  const cachedMs: number[] = [];
  let module: MeteredModule | undefined;
  for (let index = 0; index < LOADS; index++) {
    const folder = join(scope.folder, `modules-${index}`);
    module = await timed(firstMs, () => new ModuleCache(folder).load(wasm, AGENT_MODULE_RULES));
    await timed(cachedMs, () => new ModuleCache(folder).load(wasm, AGENT_MODULE_RULES));
  }
  if (module === undefined) throw new Error('No module was loaded');
  checkAgentModule(module);
  return [
    single({ section: 'boot', name: 'module, as given', unit: 'KB' }, wasm.length / 1024, 1),
    single({ section: 'boot', name: 'module, metered', unit: 'KB' }, module.bytes.length / 1024, 1),
    sampled({ section: 'boot', name: 'first time: validate, meter, compile', unit: 'ms' }, firstMs),
    sampled({ section: 'boot', name: 'metered before: read, check, compile', unit: 'ms' }, cachedMs),
    sampled({ section: 'boot', name: 'compiled: instantiate, start, first syscall', unit: 'ms' }, await instantiations(module, warmStarts), (median) => [below(median, 1, 'ms')]),
  ];
}

async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  times.push(performance.now() - startedMs);
  return result;
}

interface CallRun {
  readonly scope: BenchScope;
  readonly size: AgentBenchSize;
  readonly notes: string[];
  say(text: string): void;
}

async function callFigures(manifest: AgentManifest, { scope, size, say, notes }: CallRun): Promise<AgentFigure[]> {
  const figures: AgentFigure[] = [];
  for (const call of await callsGranted(manifest)) {
    say(`calls: ${call.title}`);
    try {
      const times = await callTimes(manifest, call, scope, Math.ceil(size.calls / 10));
      figures.push(sampled({ section: 'calls', name: call.title, unit: 'µs' }, times));
    } catch (error) {
      notes.push(`${call.title} was not measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return figures;
}

function callTimes(manifest: AgentManifest, { name, args }: GrantedCall, { folder }: BenchScope, count: number): Promise<number[]> {
  const guest = writeSample(folder, `calling-${name}`, callingGuest(name, JSON.stringify(args), count)).manifest;
  return recordedCallsUs({ ...manifest, binary: guest.binary, budgets: guest.budgets }, join(folder, 'data'), name);
}
