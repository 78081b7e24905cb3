/** Snapshots of guests at rest: what taking them costs, how large they are, and how soon a guest is restored. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GuestInstance } from '../../../src/sandbox/wasm/guest-instance.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';
import { restoreState } from '../../../src/sandbox/wasm/snapshot/restore-state.ts';
import { SnapshotWriter } from '../../../src/sandbox/wasm/snapshot/snapshot-writer.ts';
import { WASM_PAGE_BYTES } from '../../../src/sandbox/wasm/snapshot/guest-state.ts';
import { PAGE_BYTES } from '../../../src/sandbox/wasm/snapshot/memory-page.ts';
import { StateTracker } from '../../../src/sandbox/wasm/snapshot/state-tracker.ts';
import { quantile } from '../../measure/quantile.ts';
import { memoryImage } from '../../../src/agents/run/memory-image.ts';
import { below } from '../../report/figure.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample, loadSample, writeSample } from '../guests/sample-agent.ts';
import { CHAT_AGENT, CHAT_STEPS } from '../guests/typescript-agents.ts';
import { liveGuest, type LIVE_WRITES } from '../guests/wasm-guests.ts';
import { driveGuest, MEMORY_PAGES_MAX } from '../measure/drive-guest.ts';
import { sampled, single, type AgentFigure } from '../report/agent-figure.ts';

const RESTORE_MS_MAX = 5;
const REPLY = 'It was written down so that it is not lost, and nobody knows by whom.\n'.repeat(3);
const MB = 1024 * 1024;
const IMPORTS = { nanos: { syscall: () => 0n, clock: () => 0n, random: () => undefined } };

/** The snapshots of one run, and what taking each took. */
interface Taken {
  readonly takenMs: number[];
  bytes: number;
  /** a keyframe and all that leads to the snapshot that is the costliest to restore: by how many they are, then by how large */
  longest: readonly Uint8Array[];
  memoryBytes: number;
  /** of 4 KB, that differ from what the module begins with, at the end */
  ownPages: number;
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
  run.note('Restore: into a new instance, from what is read of the journal. The floor beside it: a new WebAssembly memory of that size, and as much written to it as was restored, in turns with the restores');
  return figures;
}

async function figuresOf({ size, say }: AgentBenchRun, name: string, module: MeteredModule, taken: Taken): Promise<AgentFigure[]> {
  say(`snapshots: restore the ${name}`);
  const { takenMs, bytes, longest } = taken;
  const restores: number[] = [];
  const floors: number[] = [];
  const content = new Uint8Array(taken.ownPages * PAGE_BYTES).fill(1);
  for (let index = 0; index < size.restores; index++) {
    restores.push(restoreMs(module, longest));
    await nextTurn();
    floors.push(floorMs(taken.memoryBytes, content));
    await nextTurn();
  }
  const beside = [{ name: 'floor', value: quantile(floors, 0.5) }];
  return [
    sampled({ section: 'snapshots', name: `${name}: take`, unit: 'ms' }, takenMs),
    single({ section: 'snapshots', name: `${name}: size of one`, unit: 'bytes' }, bytes / CHAT_STEPS, CHAT_STEPS),
    single({ section: 'snapshots', name: `${name}: size of a keyframe`, unit: 'KB' }, (longest[0]?.length ?? 0) / 1024, 1),
    sampled({ section: 'snapshots', name: `${name}: restore the costliest, a keyframe and ${longest.length - 1} deltas`, unit: 'ms', beside }, restores, (median) => [below(median, RESTORE_MS_MAX, 'ms')]),
  ];
}

function takeAll(module: MeteredModule, reply: Uint8Array): Taken {
  const image = memoryImage(module);
  const writer = new SnapshotWriter(image);
  const taken: Taken = { takenMs: [], bytes: 0, longest: [], memoryBytes: 0, ownPages: 0 };
  const chains: (readonly Uint8Array[])[] = [];
  driveGuest(module, reply, CHAT_STEPS, (guest) => {
    const state = guest.state();
    const startedMs = performance.now();
    const snapshot = writer.take(state, chains.length);
    taken.takenMs.push(performance.now() - startedMs);
    if (snapshot.kind === undefined) throw new Error('The guest is too large for a snapshot at each rest');
    const chain = snapshot.kind === 'key' ? [snapshot.body] : [...(chains[snapshot.base] ?? []), snapshot.body];
    chains.push(chain);
    if (chain.length >= taken.longest.length) taken.longest = chain;
    taken.bytes += snapshot.body.length;
    taken.memoryBytes = state.memory.length;
    taken.ownPages = new StateTracker(image).changedPages(state.memory).length;
  });
  return taken;
}

/** What no restore can do without. */
function floorMs(memoryBytes: number, content: Uint8Array): number {
  const startedMs = performance.now();
  const memory = new WebAssembly.Memory({ initial: memoryBytes / WASM_PAGE_BYTES });
  new Uint8Array(memory.buffer).set(content);
  return performance.now() - startedMs;
}

/** A new instance with the state in it, verified as `restoreState` does. */
function restoreMs(module: MeteredModule, chain: readonly Uint8Array[]): number {
  const image = memoryImage(module);
  const startedMs = performance.now();
  GuestInstance.restore(module, IMPORTS, { memoryPagesMax: MEMORY_PAGES_MAX }, (into) => restoreState(chain, image, { memoryPagesMax: MEMORY_PAGES_MAX, into }));
  return performance.now() - startedMs;
}

function mb(taken: Taken | undefined): string {
  return `${((taken?.memoryBytes ?? 0) / MB).toFixed(1)} MB`;
}
