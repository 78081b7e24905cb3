import assert from 'node:assert/strict';
import ivm from 'isolated-vm';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HandedOver, SharedSlot } from '../../protocol/boundary.ts';
import { TenantIsolate, type Rejection } from './tenant-isolate.ts';

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

/** What the host learns of a promise that was rejected with what `expression` gives. */
async function rejectionOf(expression: string): Promise<Rejection | undefined> {
  const program = `globalThis.__nanos = (operation, post, memory) => {
    if (operation !== 'attach') return '';
    const shared = new Int32Array(memory);
    return () => { shared[${SharedSlot.handedOver}] = ${HandedOver.whole}; Promise.reject(${expression}); };
  };`;
  const isolate = await TenantIsolate.create({ snapshot: ivm.Isolate.createSnapshot([{ code: program }]), partTexts: undefined, memoryMbMax: 128 });
  await isolate.attach(() => undefined, NOTHING, 1_000);
  const { end, rejection } = await isolate.enter('|', 0, [], 10_000);
  isolate.dispose();
  assert.equal(end, 'done');
  return rejection;
}

test('a rejection that nobody handles comes as text, with the stack inside the isolate', async () => {
  const rejection = await rejectionOf(`new TypeError('plain')`);
  assert.deepEqual([rejection?.name, rejection?.message], ['TypeError', 'plain']);
  assert.match(rejection?.stack ?? '', /^TypeError: plain\n {4}at <isolated-vm>:\d+:\d+$/);
  assert.deepEqual(await rejectionOf('5'), { name: '', message: '5', stack: '' });
});

test('of a long one only the beginning is read, and no stack', async () => {
  const start = 'y'.repeat(8 * 1024);
  for (const [expression, name, message] of [
    [`new Error('y'.repeat(2 ** 24))`, 'Error', start],
    [`'y'.repeat(2 ** 24)`, '', start],
    [`Object.defineProperty(new Error('short'), 'stack', { value: '\\n'.repeat(2 ** 24) })`, 'Error', 'short'],
  ] as const) {
    assert.deepEqual(await rejectionOf(expression), { name, message, stack: '' });
  }
});
