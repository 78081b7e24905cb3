/** What is written of a long run, how fast it is replayed, and how soon any of its steps is restored. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { recordedModule } from '../../../src/agents/run/recorded-module.ts';
import { recordedRest } from '../../../src/agents/run/recorded-start.ts';
import { replayRun } from '../../../src/agents/run/replay-run.ts';
import { JournalReader } from '../../../src/recording/journal-reader.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';
import { below } from '../../report/figure.ts';
import { random } from '../../samples/random.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample } from '../guests/sample-agent.ts';
import { workingAgent } from '../guests/typescript-agents.ts';
import { MEMORY_PAGES_MAX } from '../measure/drive-guest.ts';
import { runSample, sampleEnvironment } from '../measure/sample-run.ts';
import { sampled, single, type AgentFigure } from '../report/agent-figure.ts';

const RESTORE_MS_MAX = 5;

export async function recordings({ scope, size, say, note }: AgentBenchRun): Promise<AgentFigure[]> {
  const steps = size.journalSteps;
  const { manifest } = await compileSample(scope.folder, 'working', workingAgent(steps));
  const dataDir = join(scope.folder, 'recordings-data');
  say(`recordings: ${steps} steps`);
  const startedMs = performance.now();
  const { run } = await runSample(manifest, sampleEnvironment(dataDir));
  const liveUs = ((performance.now() - startedMs) * 1000) / steps;
  const bytes = statSync(run.file).size / steps;
  const { replayUs, restores } = await readBack(run.file, dataDir, { steps, restores: size.restores, say });
  note(`Recordings: an agent in TypeScript, ${steps} steps, in turns a file of 1 KB read and a line written, whose intent and result are committed; every second step it rests and has its snapshot taken`);
  return [
    single({ section: 'recordings', name: 'live, a step', unit: 'µs' }, liveUs, steps),
    single({ section: 'recordings', name: 'replayed, all compared, a step', unit: 'µs', beside: [{ name: 'live', value: liveUs }] }, replayUs, steps),
    single({ section: 'recordings', name: `journal of ${steps.toLocaleString('en')} steps, a step`, unit: 'bytes' }, bytes, steps),
    sampled({ section: 'recordings', name: 'restore any step, read from the journal', unit: 'ms' }, restores, (median) => [below(median, RESTORE_MS_MAX, 'ms')]),
  ];
}

interface ReadBack {
  readonly steps: number;
  readonly restores: number;
  say(text: string): void;
}

async function readBack(file: string, dataDir: string, { steps, restores, say }: ReadBack): Promise<{ replayUs: number; restores: number[] }> {
  const reader = JournalReader.open(file);
  try {
    const module = await recordedModule(reader, dataDir);
    say('recordings: replay');
    const startedMs = performance.now();
    await replayRun(reader, module);
    const replayUs = ((performance.now() - startedMs) * 1000) / steps;
    say('recordings: restore');
    return { replayUs, restores: await restoreAny(reader, module, restores) };
  } finally {
    reader.close();
  }
}

/** Rests all over the run, the same ones each time. */
async function restoreAny(reader: JournalReader, module: MeteredModule, count: number): Promise<number[]> {
  const last = reader.lastRest()?.entry.head.activation ?? 0;
  const next = random(1);
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedMs = performance.now();
    recordedRest(reader, module, Math.floor(next() * (last + 1)), MEMORY_PAGES_MAX);
    times.push(performance.now() - startedMs);
    await nextTurn();
  }
  return times;
}
