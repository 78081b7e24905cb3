import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { Packer, ToHost } from '../../protocol/boundary.ts';
import { DEFAULT_APP_LIMITS } from '../../protocol/limits.ts';
import { AppIsolate } from './app-isolate.ts';
import type { HostCall } from './host-call.ts';

/** An isolate of which only what it posts is real. */
class World {
  readonly told: string[] = [];
  charges = 0;
  readonly isolate: AppIsolate;

  constructor(call: HostCall = () => Promise.resolve({ fields: [], buffers: [] })) {
    this.isolate = new AppIsolate({
      app: 'app',
      limits: DEFAULT_APP_LIMITS,
      egress: { hosts: [], privateRanges: [] },
      bindings: {},
      calls: new Map([['call', call]]),
      events: {
        wake: () => void this.told.push('wake'),
        posted: () => void this.told.push('posted'),
        charged: () => void this.charges++,
        threw: () => undefined,
        refused: () => undefined,
        finished: () => undefined,
        log: (level, _request, text) => void this.told.push(`${level} ${text}`),
        ended: ({ code, message }) => void this.told.push(`${code}: ${message}`),
        starting: () => undefined,
        outgrown: () => undefined,
      },
    });
  }

  post(...texts: string[]): void {
    const packer = new Packer();
    for (const text of texts) packer.begin(ToHost.log, 3).field('info').number(0).field(text);
    this.isolate.receive(packer.take(), []);
  }

  takeTold(): string[] {
    return this.told.splice(0);
  }
}

describe('what a guest posts', () => {
  it('is read later, and charged', () => {
    const world = new World();
    world.post('a', 'b');
    assert.deepEqual(world.takeTold(), ['posted']);
    assert.equal(world.isolate.slice(() => true), false);
    assert.deepEqual(world.takeTold(), ['info a', 'info b']);
    assert.equal(world.charges, 1);
  });

  it('is read for as long as there is time, in its order; until it is read, the guest has no turn', () => {
    const world = new World();
    for (let crossing = 0; crossing < 3; crossing++) world.post(`${crossing} a`, `${crossing} b`);
    world.takeTold();
    let left = 4;
    assert.equal(world.isolate.slice(() => --left > 0), true);
    assert.deepEqual(world.takeTold(), ['info 0 a', 'info 0 b', 'info 1 a', 'info 1 b']);
    assert.equal(world.isolate.hasWork(), false);
    assert.equal(world.isolate.slice(() => true), false);
    assert.deepEqual(world.takeTold(), ['info 2 a', 'info 2 b']);
  });

  it('ends the isolate when it is malformed; what came before counts, and nothing after it', () => {
    const world = new World();
    world.post('before');
    world.isolate.receive('5,1,3,|abc', []);
    world.isolate.receive('nonsense', []);
    world.post('after');
    world.takeTold();
    world.isolate.slice(() => true);
    const told = world.takeTold();
    assert.deepEqual(told.slice(0, 1), ['info before']);
    assert.match(told.at(-1) ?? '', /^app_restarted: Malformed crossing/);
    assert.equal(world.isolate.isDead, true);
    world.post('later');
    assert.deepEqual(world.takeTold(), []);
  });

  it('is read at once past 32 MB, so that it does not pile up', () => {
    const world = new World();
    const line = 'x'.repeat(1024 * 1024);
    for (let crossing = 0; crossing < 40; crossing++) world.post(line);
    const read = world.takeTold().filter((told) => told.startsWith('info'));
    assert.ok(read.length >= 8 && read.length < 40, `${read.length} lines`);
  });

  it('a call of a request that has ended is answered with an error', async () => {
    const world = new World(() => assert.fail('It was called'));
    world.isolate.receive(new Packer().begin(ToHost.call, 5).number(1).number(7).field('call').number(0).number(0).take(), []);
    world.isolate.slice(() => true);
    await nextRound();
    assert.equal(world.isolate.hasWork(), true);
  });
});
