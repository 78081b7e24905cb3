import { BenchScope } from './bench-scope.ts';
import type { AgentBenchSection } from './agents/agent-bench-run.ts';
import { FULL, QUICK, type AgentBenchSize } from './agents/agent-bench-size.ts';
import { installSecureExec, type SecureExec } from './agents/peers/install-secure-exec.ts';
import { AGENT_SECTION_NAMES, type AgentFigure, type AgentSectionName } from './agents/report/agent-figure.ts';
import { formatAgentMarkdown, formatAgentTerminal, type AgentReport } from './agents/report/format-agent-report.ts';
import { boot } from './agents/sections/boot.ts';
import { calls } from './agents/sections/calls.ts';
import { memory } from './agents/sections/memory.ts';
import { metering } from './agents/sections/metering.ts';
import { recordings } from './agents/sections/recordings.ts';
import { snapshots } from './agents/sections/snapshots.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { trySection } from './try-section.ts';
import type { BenchOptions } from '../src/cli/commands/bench.ts';

const SECTIONS: Readonly<Record<AgentSectionName, AgentBenchSection>> = { boot, calls, memory, metering, snapshots, recordings };

/** Measures agents beside secure-exec, and returns the report as text. Leaves no process and no file, except secure-exec's package. */
export async function agentsBench(options: BenchOptions): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench reads memory from /proc: it runs on Linux');
  const notes: string[] = [];
  const secureExec = findSecureExec(options.say, notes);
  const report = await measureAgents({ ...options, size: options.quick ? QUICK : FULL, secureExec, notes });
  if (options.format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatAgentMarkdown(report) : `\n${formatAgentTerminal(report)}`;
}

export interface AgentMeasures extends Pick<BenchOptions, 'quick' | 'only' | 'say' | 'signal'> {
  readonly size: AgentBenchSize;
  readonly secureExec: SecureExec | undefined;
  /** what is to be said of how it was prepared; what is said of the measures is added */
  readonly notes: string[];
}

/** Throws when `only` names no section, and when not one section could be measured. */
export async function measureAgents({ size, quick, only, secureExec, say, signal, notes }: AgentMeasures): Promise<AgentReport> {
  const figures: AgentFigure[] = [];
  for (const name of wantedSections(only)) {
    signal.throwIfAborted();
    const run = { scope: new BenchScope(signal), size, secureExec, say, note: (text: string) => void notes.push(text) };
    figures.push(...(await trySection(name, SECTIONS[name], run)));
  }
  if (figures.length === 0) throw new Error(notes.at(-1));
  return { machine: machineFacts(), peer: `secure-exec: ${secureExec?.version ?? 'not installed'}`, quick, figures, notes };
}

function wantedSections(only: BenchOptions['only']): readonly AgentSectionName[] {
  const wanted = AGENT_SECTION_NAMES.filter((name) => only === undefined || only === name);
  if (wanted.length === 0) throw new Error(`There is no section ${only}`);
  return wanted;
}

function findSecureExec(say: (text: string) => void, notes: string[]): SecureExec | undefined {
  try {
    return installSecureExec(say);
  } catch (error) {
    const missing = `secure-exec is left out: ${error instanceof Error ? error.message : String(error)}`;
    notes.push(missing);
    say(missing);
    return undefined;
  }
}
