import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import type { RequestBodyStream, ResponseSink } from '../../protocol/app-call.ts';
import { BodyKind, Packer, SHARED_SLOTS, ToGuest, ToHost, Unpacker } from '../../protocol/boundary.ts';
import type { NanosError } from '../../protocol/errors.ts';
import { DEFAULT_APP_LIMITS, HOST_LIMITS } from '../../protocol/limits.ts';
import type { EntryOutcome } from '../../sandbox/isolate/tenant-isolate.ts';
import { ActiveRequest } from './active-request.ts';
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
        refused: (_request, { code }) => void this.told.push(`refused ${code}`),
        finished: ({ request }) => void this.told.push(`finished ${request.requestId}`),
        log: (level, _request, text) => void this.told.push(`${level} ${text}`),
        ended: ({ code, message, started }) => void this.told.push(`${code}: ${message}`, ...started.map(({ request }) => `lost ${request.requestId}`)),
        starting: () => undefined,
        outgrown: () => undefined,
        crowded: () => undefined,
      },
    });
  }

  post(...texts: string[]): void {
    const packer = new Packer();
    for (const text of texts) packer.begin(ToHost.log, 3).field('info').number(0).field(text);
    this.isolate.receive(packer.take(), []);
  }

  /** Crossings go in, and nothing happens there. */
  enters(failure?: Error): { requests: number } {
    const entered = { requests: 0 };
    const enter = (packed: string): Promise<EntryOutcome> => {
      const unpacker = new Unpacker(packed);
      for (let kind = unpacker.next(); kind !== 0; kind = unpacker.next()) if (kind === ToGuest.request) entered.requests++;
      return failure === undefined ? Promise.resolve({ end: 'done', cpuMs: 0, message: '' }) : Promise.reject(failure);
    };
    this.isolate.bind({ enter, dispose: () => undefined, progress: new Int32Array(SHARED_SLOTS), wasmUse: { bytes: 0, memories: 0 } } as never);
    return entered;
  }

  client(requestId: string): { requestId: string; sink: ResponseSink } {
    const fail = ({ code }: NanosError): void => void this.told.push(`${requestId} ${code}`);
    return { requestId, sink: { headSent: false, gone: false, respond: () => undefined, start: () => undefined, write: () => true, end: () => undefined, fail, onClientGone: () => undefined } };
  }

  takeTold(): string[] {
    return this.told.splice(0);
  }
}

function requestOf({ requestId, sink }: ReturnType<World['client']>, body: RequestBodyStream | null): ActiveRequest {
  return new ActiveRequest({ requestId, method: 'POST', url: 'http://app/', headers: [], body }, sink, 0);
}

describe('streams', () => {
  it('when too many are open, a request whose body is one is refused, and nothing else happens', async () => {
    const world = new World();
    const entered = world.enters();
    for (let index = 0; index < HOST_LIMITS.streamsMax + 2; index++) world.isolate.accept(requestOf(world.client(`${index}`), { read: () => new Promise(() => undefined), cancel: () => undefined, length: undefined }));
    world.isolate.accept(requestOf(world.client('small'), null));
    world.takeTold();
    while (world.isolate.hasWork()) await world.isolate.turn();
    assert.deepEqual(world.takeTold(), [1_024, 1_025].flatMap((index) => [`${index} overloaded`, 'refused overloaded', `finished ${index}`]));
    assert.equal(world.isolate.load, HOST_LIMITS.streamsMax + 1);
    assert.equal(entered.requests, HOST_LIMITS.streamsMax + 1);
    world.isolate.dispose();
  });

  it('when too many are open, an answer whose body is one is refused, and nothing else happens', async () => {
    const world = new World();
    world.enters();
    for (let index = 1; index <= HOST_LIMITS.streamsMax + 1; index++) world.isolate.accept(requestOf(world.client(`${index}`), null));
    while (world.isolate.hasWork()) await world.isolate.turn();
    world.takeTold();
    const packer = new Packer();
    for (let id = 1; id <= HOST_LIMITS.streamsMax + 1; id++) packer.begin(ToHost.response, 6).number(id).number(200).field('').number(0).number(BodyKind.stream).number(id);
    world.isolate.receive(packer.take(), []);
    world.isolate.slice(() => true);
    assert.deepEqual(world.takeTold().filter((told) => told !== 'wake' && told !== 'posted'), ['1025 overloaded', 'refused overloaded', 'finished 1025']);
    assert.equal(world.isolate.isDead, false);
    world.isolate.dispose();
  });
});

describe('a fault of the host', () => {
  it('ends the isolate, and what is under way with it', async () => {
    const world = new World();
    world.enters(new Error('of the host'));
    world.isolate.accept(requestOf(world.client('a'), null));
    await world.isolate.turn().catch((error: unknown) => world.isolate.failed(error));
    assert.deepEqual(world.takeTold(), ['app_restarted: The host failed: of the host', 'lost a']);
    assert.equal(world.isolate.isDead, true);
  });
});

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
