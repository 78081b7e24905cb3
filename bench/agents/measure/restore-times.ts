import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import { recordedRest } from '../../../src/agents/run/recorded-start.ts';
import { SpareGuests, spareGuests } from '../../../src/agents/run/spare-guests.ts';
import type { JournalReader } from '../../../src/recording/journal-reader.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';
import { WASM_PAGE_BYTES } from '../../../src/sandbox/wasm/snapshot/guest-state.ts';
import { MEMORY_PAGES_MAX } from './drive-guest.ts';

/** Nobody restores without a pause: V8's other threads are done by then. */
const PAUSE_MS = 30;

/** A rest to be restored, and how much it takes at the least. */
export interface RestoredRest {
  readonly reader: JournalReader;
  readonly module: MeteredModule;
  readonly activation: number;
  readonly memoryBytes: number;
  /** that differ from what the module begins with */
  readonly writtenBytes: number;
}

/** In ms, of each several. */
export interface RestoreTimes {
  /** the first time: everything is read, checked and restored */
  readonly first: number[];
  /** of that, what is left when it is read and checked */
  readonly inMemory: number[];
  /** no restore can do without it: a new memory, and as much written to it */
  readonly floor: number[];
  /** once more, the keyframe of the rest having been restored ahead meanwhile */
  readonly again: number[];
}

/** Of each so many: all but the last in turns, after a pause. */
export async function restoreTimes(rest: RestoredRest, times: number): Promise<RestoreTimes> {
  const taken: RestoreTimes = { first: [], inMemory: [], floor: [], again: [] };
  const { bodies } = rest.reader.snapshotBefore(rest.activation) ?? noSnapshot();
  const content = new Uint8Array(rest.writtenBytes).fill(1);
  for (let index = 0; index < times; index++) {
    spareGuests.clear();
    await setTimeout(PAUSE_MS);
    taken.first.push(await timed(() => restore(rest)));
    taken.inMemory.push(await timed(() => new SpareGuests().restore(rest.module, bodies, MEMORY_PAGES_MAX)));
    taken.floor.push(await timed(() => new Uint8Array(new WebAssembly.Memory({ initial: rest.memoryBytes / WASM_PAGE_BYTES }).buffer).set(content)));
  }
  restore(rest);
  for (let index = 0; index < times; index++) {
    await madeAhead(rest);
    taken.again.push(await timed(() => restore(rest)));
  }
  spareGuests.clear();
  return taken;
}

function restore({ reader, module, activation }: RestoredRest): void {
  if (recordedRest(reader, module, activation, MEMORY_PAGES_MAX) === undefined) noSnapshot();
}

function noSnapshot(): never {
  throw new Error('There is no snapshot to restore');
}

async function timed(act: () => unknown): Promise<number> {
  const startedMs = performance.now();
  act();
  const ms = performance.now() - startedMs;
  await nextTurn();
  return ms;
}

async function madeAhead({ module }: RestoredRest): Promise<void> {
  for (let waited = 0; spareGuests.stateHash(module, MEMORY_PAGES_MAX) === undefined; waited++) {
    if (waited === 1_000) throw new Error('No guest is made ahead');
    await setTimeout(5);
  }
}
