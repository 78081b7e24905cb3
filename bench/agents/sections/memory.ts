/** What an agent that waits takes up. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { memoryBytes } from '../../measure/process-tree.ts';
import { below } from '../../report/figure.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample, type SampleAgent } from '../guests/sample-agent.ts';
import { WAITING_AGENT } from '../guests/typescript-agents.ts';
import { firstLine } from '../measure/first-line.ts';
import { startSecureExec } from '../peers/start-secure-exec.ts';
import { single, type AgentFigure, type Beside } from '../report/agent-figure.ts';

const IDLE_AGENTS = fileURLToPath(new URL('../measure/idle-agents.ts', import.meta.url));
const MB = 1024 * 1024;
const reportSchema = z.strictObject({ pssBytes: z.number(), rssBytes: z.number() });

interface Weight {
  readonly pssMb: number;
  readonly rssMb: number;
}

export async function memory(run: AgentBenchRun): Promise<AgentFigure[]> {
  const agent = await compileSample(run.scope.folder, 'waiting', WAITING_AGENT);
  const { idleAgents } = run.size;
  const runs = await weigh(run, agent, 'runs');
  const guests = await weigh(run, agent, 'guests');
  const beside = await weighPeer(run);
  run.note(`Memory: ${idleAgents} agents in TypeScript that wait for a timer, in one process, after a garbage collection; what the process took with one of them is subtracted. No model is loaded; the weights of one would be shared`);
  const figure = (name: string, mb: number, others: readonly Beside[] = []): AgentFigure => single({ section: 'memory', name, unit: 'MB', beside: others }, mb, idleAgents, [below(mb, 0.5, 'MB')]);
  return [figure('a run with gate and open journal, PSS', runs.pssMb, beside), figure('a run with gate and open journal, RSS', runs.rssMb), figure('the guest alone, PSS', guests.pssMb), figure('the guest alone, RSS', guests.rssMb)];
}

async function weigh({ scope, size, say }: AgentBenchRun, { manifestFile }: SampleAgent, what: 'runs' | 'guests'): Promise<Weight> {
  say(`memory: ${size.idleAgents} ${what}`);
  const args = ['--no-node-snapshot', '--expose-gc', '--disable-warning=ExperimentalWarning', IDLE_AGENTS, manifestFile, join(scope.folder, `${what}-data`), String(size.idleAgents), what];
  const started = scope.start(process.execPath, args, ['pipe', 'pipe', 'pipe']);
  const reports: z.infer<typeof reportSchema>[] = [];
  for await (const line of createInterface({ input: started.child.stdout! })) {
    if (reports.push(reportSchema.parse(JSON.parse(line))) === 2) break;
  }
  await started.stop();
  const [one, all] = reports;
  if (one === undefined || all === undefined) throw new Error(`The agents could not be started: ${started.errors()}`);
  return { pssMb: (all.pssBytes - one.pssBytes) / size.idleAgents / MB, rssMb: (all.rssBytes - one.rssBytes) / size.idleAgents / MB };
}

/** What more guests add to a few, so that neither counts what all of them share. */
async function weighPeer({ scope, size, secureExec, say, note }: AgentBenchRun): Promise<Beside[]> {
  if (secureExec === undefined) return [];
  say('memory: secure-exec');
  const bytes: number[] = [];
  for (const count of [1, 1 + size.peerGuests]) {
    const started = startSecureExec(scope, secureExec, 'waiting', count);
    await firstLine(started);
    bytes.push(memoryBytes(started.pid));
    await started.stop();
  }
  note(`Memory of secure-exec: PSS of its processes with ${1 + size.peerGuests} guests that wait for a timer, less that with one`);
  return [{ name: 'secure-exec', value: ((bytes[1] ?? 0) - (bytes[0] ?? 0)) / size.peerGuests / MB }];
}
