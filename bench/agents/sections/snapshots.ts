/** Snapshots of guests at rest: what taking them costs, how large they are, and how soon a guest is restored. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GuestInstance } from '../../../src/sandbox/wasm/guest-instance.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';
import { restoreState } from '../../../src/sandbox/wasm/snapshot/restore-state.ts';
import { SnapshotWriter } from '../../../src/sandbox/wasm/snapshot/snapshot-writer.ts';
import { memoryImage } from '../../../src/agents/run/memory-image.ts';
import { below } from '../../report/figure.ts';
import type { AgentBenchRun } from '../agent-bench-run.ts';
import { compileSample, loadSample, writeSample } from '../guests/sample-agent.ts';
import { CHAT_AGENT, CHAT_STEPS } from '../guests/typescript-agents.ts';
import { liveGuest } from '../guests/wasm-guests.ts';
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
  /** a keyframe and all that follow it: the costliest to restore, by how many they are, then by how large */
  longest: readonly Uint8Array[];
  memoryBytes: number;
}

export async function snapshots(run: AgentBenchRun): Promise<AgentFigure[]> {
  const { scope, size } = run;
  const chatting = await loadSample(await compileSample(scope.folder, 'chatting', CHAT_AGENT));
  const live = await loadSample(writeSample(scope.folder, 'live', liveGuest()));
  run.say('snapshots: an agent of 60 steps, and one of 16 MB');
  const reply = new TextEncoder().encode(REPLY);
  const chats = Array.from({ length: size.snapshotRuns }, () => takeAll(chatting, reply));
  const large = takeAll(live, new Uint8Array(0));
  run.note(`Snapshots: an agent in TypeScript that makes ${CHAT_STEPS} steps and remembers all of them, ${mb(chats[0])} at its end; and one of ${mb(large)}, 4 MB of it written, that changes 64 words a step. Each at every rest, keyframes included`);
  const [chat = large] = chats;
  const all = { ...chat, takenMs: chats.flatMap(({ takenMs }) => takenMs) };
  return [...(await figuresOf(run, 'agent of 60 steps', chatting, all)), ...(await figuresOf(run, 'agent of 16 MB', live, large))];
}

async function figuresOf({ size, say }: AgentBenchRun, name: string, module: MeteredModule, { takenMs, bytes, longest }: Taken): Promise<AgentFigure[]> {
  say(`snapshots: restore the ${name}`);
  const restores: number[] = [];
  for (let index = 0; index < size.restores; index++) {
    restores.push(restoreMs(module, longest));
    await nextTurn();
  }
  const key = longest[0]?.length ?? 0;
  return [
    sampled({ section: 'snapshots', name: `${name}: take`, unit: 'ms' }, takenMs),
    single({ section: 'snapshots', name: `${name}: size of one`, unit: 'bytes' }, bytes / CHAT_STEPS, CHAT_STEPS),
    single({ section: 'snapshots', name: `${name}: size of a keyframe`, unit: 'KB' }, key / 1024, 1),
    sampled({ section: 'snapshots', name: `${name}: restore the end of its longest chain, a keyframe and ${longest.length - 1} deltas`, unit: 'ms' }, restores, (median) => [below(median, RESTORE_MS_MAX, 'ms')]),
  ];
}

function takeAll(module: MeteredModule, reply: Uint8Array): Taken {
  const writer = new SnapshotWriter(memoryImage(module));
  const taken: Taken = { takenMs: [], bytes: 0, longest: [], memoryBytes: 0 };
  let chain: readonly Uint8Array[] = [];
  driveGuest(module, reply, CHAT_STEPS, (guest) => {
    const startedMs = performance.now();
    const { kind, body } = writer.take(guest.state());
    taken.takenMs.push(performance.now() - startedMs);
    if (body === undefined) return;
    chain = kind === 'key' ? [body] : [...chain, body];
    if (chain.length >= taken.longest.length) taken.longest = chain;
    taken.bytes += body.length;
    taken.memoryBytes = guest.memoryPages * 65_536;
  });
  return taken;
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
