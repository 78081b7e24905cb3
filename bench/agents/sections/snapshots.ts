/** Snapshots of guests at rest: what taking them costs, how large they are, and how soon a guest is restored. */
import { join } from 'node:path';
import { memoryImage } from '../../../src/agents/run/memory-image.ts';
import { JournalReader } from '../../../src/recording/journal-reader.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';
import { PAGE_BYTES } from '../../../src/sandbox/wasm/snapshot/memory-page.ts';
import { SnapshotWriter } from '../../../src/sandbox/wasm/snapshot/snapshot-writer.ts';
import { StateTracker } from '../../../src/sandbox/wasm/snapshot/state-tracker.ts';
import { quantile } from '../../measure/quantile.ts';
import { below } from '../../report/figure.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample, loadSample, writeSample } from '../guests/sample-agent.ts';
import { CHAT_AGENT, CHAT_STEPS } from '../guests/typescript-agents.ts';
import { liveGuest, type LIVE_WRITES } from '../guests/wasm-guests.ts';
import { driveGuest } from '../measure/drive-guest.ts';
import { restoreTimes } from '../measure/restore-times.ts';
import { writeSnapshotJournal, type TakenSnapshot } from '../measure/snapshot-journal.ts';
import { sampled, single, type AgentFigure } from '../report/agent-figure.ts';

const RESTORE_MS_MAX = 5;
const REPLY = 'It was written down so that it is not lost, and nobody knows by whom.\n'.repeat(3);
const MB = 1024 * 1024;

/** The snapshots of one run, and what taking each took. */
interface Taken {
  readonly takenMs: number[];
  readonly snapshots: TakenSnapshot[];
  memoryBytes: number;
  /** in pages of 4 KB that differ from what the module begins with, at the end */
  writtenBytes: number;
}

/** Agents of 16 MB, by what they have written of it. */
const LARGE: readonly (readonly [name: string, what: keyof typeof LIVE_WRITES])[] = [
  ['agent of 16 MB, 4 MB written', 'quarter'],
  ['agent of 16 MB, all written, compressible', 'compressible'],
  ['agent of 16 MB, all written, random', 'random'],
];

export async function snapshots(run: AgentBenchRun): Promise<AgentFigure[]> {
  const { scope, size } = run;
  const chatting = await loadSample(await compileSample(scope.folder, 'chatting', CHAT_AGENT));
  run.say('snapshots: an agent of 60 steps');
  const reply = new TextEncoder().encode(REPLY);
  const chats = Array.from({ length: size.snapshotRuns }, () => takeAll(chatting, reply));
  const last = chats.at(-1) ?? takeAll(chatting, reply);
  const figures = await figuresOf(run, 'agent of 60 steps', chatting, { ...last, takenMs: chats.flatMap(({ takenMs }) => takenMs) });
  for (const [name, what] of LARGE) {
    run.say(`snapshots: ${name}`);
    const module = await loadSample(writeSample(scope.folder, what, liveGuest(what)));
    figures.push(...(await figuresOf(run, name, module, takeAll(module, new Uint8Array(0)))));
  }
  run.note(`Snapshots: an agent in TypeScript that makes ${CHAT_STEPS} steps and remembers all of them, ${mb(last)} at its end; and agents of 16 MB that change 64 words a step. Each at every rest, keyframes included`);
  run.note('Restore: into a new instance, from the journal, each row of which is checked as it is read; of all snapshots the one with the longest chain. "First": nothing was there before. "Again": as whoever forks a run again and again does it, the keyframe having been restored ahead. The floor beside it: a new WebAssembly memory of that size, and as much written to it as was restored');
  return figures;
}

async function figuresOf({ scope, size, say }: AgentBenchRun, name: string, module: MeteredModule, taken: Taken): Promise<AgentFigure[]> {
  say(`snapshots: restore the ${name}`);
  const { takenMs, snapshots, memoryBytes, writtenBytes } = taken;
  const lengths = snapshots.map((_, at) => chainOf(snapshots, at).length);
  const activation = lengths.lastIndexOf(Math.max(...lengths));
  const [key] = chainOf(snapshots, activation);
  const reader = JournalReader.open(writeSnapshotJournal(join(scope.folder, 'snapshots'), snapshots));
  const { first, inMemory, floor, again } = await restoreTimes({ reader, module, activation, memoryBytes, writtenBytes }, size.snapshotRestores).finally(() => reader.close());
  const beside = [
    { name: 'without reading it', value: quantile(inMemory, 0.5) },
    { name: 'floor', value: quantile(floor, 0.5) },
  ];
  const restored = `a keyframe and ${(lengths[activation] ?? 1) - 1} deltas`;
  const target = (median: number) => [below(median, RESTORE_MS_MAX, 'ms')];
  return [
    sampled({ section: 'snapshots', name: `${name}: take`, unit: 'ms' }, takenMs),
    single({ section: 'snapshots', name: `${name}: size of one`, unit: 'bytes' }, snapshots.reduce((bytes, { body }) => bytes + body.length, 0) / snapshots.length, snapshots.length),
    single({ section: 'snapshots', name: `${name}: size of a keyframe`, unit: 'KB' }, (key?.body.length ?? 0) / 1024, 1),
    sampled({ section: 'snapshots', name: `${name}: restore first, ${restored}`, unit: 'ms', beside }, first, target),
    sampled({ section: 'snapshots', name: `${name}: restore again, ${restored}`, unit: 'ms' }, again, target),
  ];
}

/** The keyframe and deltas that a snapshot is restored from. */
function chainOf(snapshots: readonly TakenSnapshot[], at: number): TakenSnapshot[] {
  const taken = snapshots[at];
  if (taken === undefined) throw new Error(`There is no snapshot ${at}`);
  return taken.kind === 'key' ? [taken] : [...chainOf(snapshots, taken.base), taken];
}

function takeAll(module: MeteredModule, reply: Uint8Array): Taken {
  const image = memoryImage(module);
  const writer = new SnapshotWriter(image);
  const taken: Taken = { takenMs: [], snapshots: [], memoryBytes: 0, writtenBytes: 0 };
  driveGuest(module, reply, CHAT_STEPS, (guest) => {
    const state = guest.state();
    const startedMs = performance.now();
    const snapshot = writer.take(state, taken.snapshots.length);
    taken.takenMs.push(performance.now() - startedMs);
    if (snapshot.kind === undefined) throw new Error('The guest is too large for a snapshot at each rest');
    taken.snapshots.push(snapshot);
    taken.memoryBytes = state.memory.length;
    taken.writtenBytes = new StateTracker(image).changedPages(state.memory).length * PAGE_BYTES;
  });
  return taken;
}

function mb(taken: Taken | undefined): string {
  return `${((taken?.memoryBytes ?? 0) / MB).toFixed(1)} MB`;
}
