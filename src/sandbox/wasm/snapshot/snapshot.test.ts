/** Snapshots of real guests: what is restored into a new instance goes on exactly as the one it was taken of. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freezeModule } from '../freeze-module.ts';
import type { GuestInstance } from '../guest-instance.ts';
import type { MeteredModule } from '../metered-module.ts';
import { createGuest, enterGuest, evaluateInQuickJs, meterForTest, quickJsModule, startQuickJs, testLimits } from '../test-guest.ts';
import { moduleFromText } from '../test-module.ts';
import { MemoryImage } from './memory-image.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { StateRestorer } from './state-restorer.ts';
import { StateTracker } from './state-tracker.ts';
import { TestChain } from './test-chain.ts';

function imageOf(module: MeteredModule): MemoryImage {
  const { memoryPages, memory } = createGuest(module);
  return new MemoryImage(memoryPages, memory);
}

/** A new guest in the state that the chain leads to, the keyframe restored apart from the rest. */
function restoredGuest(module: MeteredModule, [key = new Uint8Array(0), ...deltas]: readonly Uint8Array[], image: MemoryImage): GuestInstance {
  const guest = createGuest(module);
  const restorer = new StateRestorer(image, { ...testLimits, into: (pages) => guest.grown(pages) });
  restorer.apply([key]);
  restorer.apply(deltas);
  guest.restore(restorer.state());
  return guest;
}

/** A guest made of all that is state: memory that grows, and globals of each type, floats that are NaN with a payload among them. */
const changing = moduleFromText(`(module
  (memory (export "memory") 1)
  (data (i32.const 40) "\\01\\02\\03")
  (global $i (mut i32) (i32.const -1)) (global $l (mut i64) (i64.const 5))
  (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 0))
  (func $begin (i32.store (i32.const 60000) (i32.const 99)))
  (start $begin)
  (func (export "step") (param i32) (result i32)
    (global.set $i (i32.mul (i32.add (global.get $i) (local.get 0)) (i32.const 1664525)))
    (global.set $l (i64.sub (global.get $l) (i64.extend_i32_s (global.get $i))))
    (global.set $f (f32.reinterpret_i32 (i32.or (i32.const 0x7fa00000) (i32.and (global.get $i) (i32.const 255)))))
    (global.set $d (f64.reinterpret_i64 (i64.or (i64.const 0x7ff4000000000000) (global.get $l))))
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 7))) (then (drop (memory.grow (i32.const 1)))))
    (i64.store (i32.rem_u (global.get $i) (i32.const 65000)) (global.get $l))
    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (local.get 0))
    (i32.add (i32.reinterpret_f32 (global.get $f)) (i32.wrap_i64 (i64.reinterpret_f64 (global.get $d))))))`);

describe('a restored guest', () => {
  it('has the same hash, and goes on the same', async () => {
    const module = await meterForTest(changing);
    assert.equal(module.snapshotRefusal, undefined);
    const image = imageOf(module);
    const live = createGuest(module);
    const chain = new TestChain(new SnapshotWriter(image));
    for (let step = 1; step <= 40; step++) {
      enterGuest(live, 'step', step);
      const snapshot = chain.take(live.state());
      const restored = restoredGuest(module, chain.bodies(), image);
      assert.equal(new StateTracker(image).see(restored.state()), snapshot.stateHash);
      if (step % 10 !== 0) continue;
      const twin = createGuest(module);
      for (let again = 1; again <= step; again++) enterGuest(twin, 'step', again);
      for (let next = 100; next < 110; next++) assert.equal(enterGuest(restored, 'step', next), enterGuest(twin, 'step', next));
      assert.deepEqual(restored.state().globals, twin.state().globals);
    }
  });

  it('is the same when its module was frozen in between', async () => {
    const original = await meterForTest(changing);
    const live = createGuest(original);
    for (let step = 1; step <= 10; step++) enterGuest(live, 'step', step);
    const frozen = createGuest(await meterForTest(freezeModule(changing, live.state(), { keepExports: () => true })));
    assert.deepEqual(frozen.state().globals, live.state().globals);
    for (let next = 11; next <= 20; next++) assert.equal(enterGuest(frozen, 'step', next), enterGuest(live, 'step', next));
    assert.equal(Buffer.compare(frozen.memory, live.memory), 0);
  });

  it('may be a QuickJS in the middle of its work', async () => {
    const module = await meterForTest(quickJsModule());
    const image = imageOf(module);
    const live = createGuest(module);
    startQuickJs(live);
    evaluateInQuickJs(live, 'var seen = []; function next() { seen.push({ at: seen.length, text: "x".repeat(seen.length) }); return JSON.stringify(seen) }');
    const chain = new TestChain(new SnapshotWriter(image));
    for (let step = 0; step < 5; step++) {
      evaluateInQuickJs(live, 'next()');
      chain.take(live.state());
    }
    const restored = restoredGuest(module, chain.bodies(), image);
    assert.equal(evaluateInQuickJs(restored, 'next()'), evaluateInQuickJs(live, 'next()'));
    assert.equal(Buffer.compare(restored.memory, live.memory), 0);
  });
});
