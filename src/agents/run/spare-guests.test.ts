import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { compileMetered, meterOriginal, type MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { GuestState } from '../../sandbox/wasm/snapshot/guest-state.ts';
import { SnapshotWriter } from '../../sandbox/wasm/snapshot/snapshot-writer.ts';
import { VERIFIED_PAGES_MAX } from '../../sandbox/wasm/snapshot/state-restorer.ts';
import { TestChain } from '../../sandbox/wasm/snapshot/test-chain.ts';
import { AGENT_MODULE_RULES } from './agent-module.ts';
import { GuestPort } from './guest-port.ts';
import { memoryImage } from './memory-image.ts';
import { SpareGuests } from './spare-guests.ts';
import { agentModule, GuestText } from './test-agent.ts';

const PAGES = 64;
const FUEL = 100_000_000n;
const MADE_MS = 100;
const GIVEN_UP_MS = 60_000;
const NONE = new Uint8Array(0);
const HOST = { syscall: () => NONE, clock: () => 0n, random: (length: number) => new Uint8Array(length) };

/** Three rests of a guest. */
interface Recorded {
  readonly module: MeteredModule;
  readonly states: readonly GuestState[];
  /** what each is restored from: a keyframe, and deltas */
  readonly bodies: readonly (readonly [key: Uint8Array, ...deltas: Uint8Array[]])[];
}

/** A guest of so many pages of 64 KB that writes this many of 4 KB at its start, and counts how often it is resumed. */
async function started(written: number, pages: number): Promise<{ readonly module: MeteredModule; readonly guest: GuestPort }> {
  const place = '(i32.add (i32.const 131072) (i32.mul (local.get $i) (i32.const 4096)))';
  const start = `(loop $more (i32.store ${place} (i32.const 7)) (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${written}))))`;
  const resume = '(i32.store (i32.const 70000) (i32.add (i32.load (i32.const 70000)) (i32.const 1)))';
  const original = agentModule(new GuestText(), { start, resume, pages });
  const module = (await compileMetered(meterOriginal(original, AGENT_MODULE_RULES), AGENT_MODULE_RULES)) ?? assert.fail('not metered');
  const guest = new GuestPort(module, HOST, { memoryPagesMax: pages });
  guest.start(FUEL);
  return { module, guest };
}

async function recorded(written: number): Promise<Recorded> {
  const { module, guest } = await started(written, PAGES);
  const chain = new TestChain(new SnapshotWriter(memoryImage(module)));
  const states = Array.from({ length: 3 }, () => {
    chain.take(guest.state());
    const state = { ...guest.state(), memory: guest.state().memory.slice() };
    resumed(guest);
    return state;
  });
  const bodies = states.map((_, at) => {
    const [key = assert.fail(), ...deltas] = chain.bodies(at);
    return [key, ...deltas] as const;
  });
  return { module, states, bodies };
}

function resumed(guest: GuestPort): GuestState {
  assert.equal(guest.resume(FUEL, 1, 0, NONE).kind, 'rested');
  return guest.state();
}

describe('SpareGuests', () => {
  let run: Recorded;
  let other: Recorded;
  before(async () => {
    run = await recorded(10);
    other = await recorded(VERIFIED_PAGES_MAX + 1);
  });

  function restored(spares: SpareGuests, { module, bodies, states }: Recorded, at: number): void {
    const guest = spares.restore(module, bodies[at] ?? assert.fail(), PAGES);
    assert.deepEqual(guest.state(), states[at]);
  }

  /** From here on time stands still but for `wait`. */
  function timed(t: TestContext): { spares: SpareGuests; wait: (ms: number) => void; ready: (of?: Recorded) => string | undefined } {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const spares = new SpareGuests();
    return { spares, wait: (ms) => t.mock.timers.tick(ms), ready: ({ module } = run) => spares.stateHash(module, PAGES) };
  }

  it('makes a guest ahead from the second one on, and gives it away once', (t) => {
    const { spares, wait, ready } = timed(t);
    restored(spares, run, 1);
    wait(MADE_MS);
    assert.equal(ready(), undefined, 'a run may be forked once only');
    restored(spares, run, 2);
    assert.equal(ready(), undefined);
    for (const at of [0, 1, 2, 2]) {
      wait(MADE_MS);
      assert.ok(ready());
      restored(spares, run, at);
      assert.equal(ready(), undefined);
    }
  });

  it('needs no keyframe where it has a guest', (t) => {
    const { spares, wait, ready } = timed(t);
    for (const at of [0, 1]) restored(spares, run, at);
    wait(MADE_MS);
    assert.ok(ready());
    const [, ...deltas] = run.bodies[2] ?? assert.fail();
    const guest = spares.restore(run.module, deltas, PAGES).attach(HOST);
    assert.deepEqual(guest.state(), run.states[2]);
    assert.throws(() => guest.attach(HOST), /one host/u);
    assert.equal(resumed(guest).memory[70_000], 3);
    assert.throws(() => spares.restore(run.module, deltas, PAGES), { code: 'snapshot_corrupt' });
  });

  it('has none for another module, another limit or another keyframe', (t) => {
    const { spares, wait, ready } = timed(t);
    for (const at of [0, 0]) restored(spares, run, at);
    wait(MADE_MS);
    assert.ok(ready());
    assert.equal(ready(other), undefined);
    assert.equal(spares.stateHash(run.module, PAGES + 1), undefined);
    restored(spares, other, 2);
    assert.equal(ready(), undefined, 'the last keyframe is what counts');
    restored(spares, other, 1);
    wait(MADE_MS);
    assert.ok(ready(other));
    restored(spares, other, 2);
  });

  it('gives away none that is spoilt', (t) => {
    const { spares, wait, ready } = timed(t);
    const [key, delta = assert.fail()] = run.bodies[1] ?? assert.fail();
    for (const at of [0, 1]) restored(spares, run, at);
    wait(MADE_MS);
    const forged = delta.with(delta.length - 1, (delta.at(-1) ?? 0) ^ 1);
    assert.throws(() => spares.restore(run.module, [key, forged], PAGES), { code: 'snapshot_corrupt' });
    assert.equal(ready(), undefined);
    wait(MADE_MS);
    restored(spares, run, 1);
  });

  it('takes no keyframe\'s word for its hash', (t) => {
    const { spares, wait, ready } = timed(t);
    const [key] = other.bodies[0] ?? assert.fail();
    const forged = key.with(60, (key[60] ?? 0) ^ 1);
    for (let time = 0; time < 3; time++) {
      spares.restore(other.module, [forged], PAGES);
      wait(MADE_MS);
      assert.equal(ready(other), undefined);
    }
  });

  it('makes none that is larger than 32 MB', async (t) => {
    for (const [pages, isMade] of [[512, true], [513, false]] as const) {
      const { module, guest } = await started(1, pages);
      const { body } = new SnapshotWriter(memoryImage(module)).begin(guest.state(), 0);
      const { spares, wait } = timed(t);
      spares.restore(module, [body], pages);
      spares.restore(module, [body], pages);
      wait(MADE_MS);
      assert.equal(spares.stateHash(module, pages) !== undefined, isMade);
      t.mock.timers.reset();
    }
  });

  it('lets go of a guest that nobody needs, and of what it was made from', (t) => {
    const { spares, wait, ready } = timed(t);
    for (const at of [0, 1]) restored(spares, run, at);
    wait(MADE_MS);
    assert.ok(ready());
    wait(GIVEN_UP_MS);
    assert.equal(ready(), undefined);
    restored(spares, run, 0);
    wait(MADE_MS);
    assert.equal(ready(), undefined, 'it begins anew');
  });
});
