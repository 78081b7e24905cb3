import assert from 'node:assert/strict';
import ivm from 'isolated-vm';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TenantIsolate } from './tenant-isolate.ts';

const ISOLATES = 20;
const NOTHING = { varsJson: '{}', secretsJson: '{}', bindingsJson: '[]', wasm: [] };
/** Hands its crossings back. */
const PROGRAM = `globalThis.__nanos = (operation, post) => operation === 'attach' ? (packed) => { post(packed) } : '';`;

test('a disposed isolate leaves nothing in the host’s heap', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const snapshot = ivm.Isolate.createSnapshot([{ code: PROGRAM }]);
  const left: WeakRef<TenantIsolate>[] = [];
  const live = async (): Promise<void> => {
    const crossed: string[] = [];
    const isolate = await TenantIsolate.create({ snapshot, partTexts: undefined, memoryMbMax: 16 });
    assert.equal((await isolate.attach((packed) => void crossed.push(packed), NOTHING, 1_000)).end, 'done');
    assert.equal((await isolate.enter('crossing', 0, [], 1_000)).end, 'done');
    assert.deepEqual(crossed, ['crossing']);
    isolate.dispose();
    left.push(new WeakRef(isolate));
  };
  for (let i = 0; i < ISOLATES; i++) await live();
  // a leak is one for ever: the test would run into its time limit
  for (let round = 0; left.some((isolate) => isolate.deref() !== undefined); round++) {
    assert.ok(round < 200, `${left.filter((isolate) => isolate.deref() !== undefined).length} of ${ISOLATES} isolates are still there`);
    await sleep(20);
    collect();
  }
});
