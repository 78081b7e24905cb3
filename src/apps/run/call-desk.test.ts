import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { Packer, ToGuest, ToHost, Unpacker } from '../../protocol/boundary.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { ActiveRequest } from './active-request.ts';
import { CallDesk } from './call-desk.ts';
import { GuestStreams, type ByteReader } from './guest-streams.ts';
import type { HostCall } from './host-call.ts';
import { ToGuestQueue } from './to-guest-queue.ts';

/** An isolate with one request under way, number 7. */
class World {
  readonly queue = new ToGuestQueue();
  readonly streams = new GuestStreams(this.queue, () => undefined);
  readonly active: ActiveRequest;
  readonly desk: CallDesk;

  constructor(call: HostCall) {
    this.active = new ActiveRequest({ requestId: 'r', method: 'GET', url: 'http://app/', headers: [], body: null }, {} as never, 0);
    this.active.id = 7;
    this.desk = new CallDesk({
      app: 'app',
      egress: { hosts: [], privateRanges: [] },
      bindings: {},
      calls: new Map([['call', call]]),
      queue: this.queue,
      streams: this.streams,
      subrequestsMax: 1,
      wake: () => undefined,
      request: () => this.active,
      cpuExceeded: () => undefined,
    });
  }

  /** The guest calls in the name of request `owner`. */
  async open(owner: number): Promise<void> {
    const unpacker = new Unpacker(new Packer().begin(ToHost.call, 5).number(1).number(owner).field('call').number(0).number(0).take());
    unpacker.next();
    this.desk.open(unpacker, []);
    await nextRound();
  }

  /** Kinds of the messages that wait to cross, and whose they are. */
  waiting(): { kinds: number[]; owners: number[] } {
    const owners = new Set<number>();
    this.queue.packWaiting(owners);
    const unpacker = new Unpacker(this.queue.take().packed);
    const kinds: number[] = [];
    for (let kind = unpacker.next(); kind !== 0; kind = unpacker.next()) kinds.push(kind);
    return { kinds, owners: [...owners] };
  }
}

class Source implements ByteReader {
  cancels = 0;
  read(): Promise<null> {
    return Promise.resolve(null);
  }
  cancel(): void {
    this.cancels++;
  }
}

describe('CallDesk', () => {
  it('a call in the name of a request that has ended belongs to the one that pays: its streams and its reply too', async () => {
    const source = new Source();
    const world = new World(async (context) => {
      context.readStream(5);
      return { fields: [context.offerStream(source)], buffers: [] };
    });
    await world.open(3);
    assert.deepEqual(world.waiting(), { kinds: [ToGuest.pull, ToGuest.reply], owners: [7] });
    world.streams.release(7, 'over');
    assert.equal(source.cancels, 1);
    assert.deepEqual(world.waiting(), { kinds: [ToGuest.streamError, ToGuest.cancel], owners: [7] });
  });

  it('lets go of a stream that comes when its request has ended, or when there are too many', async () => {
    const source = new Source();
    let go = (): void => undefined;
    const world = new World(async (context) => {
      await new Promise<void>((resolve) => (go = resolve));
      return { fields: [context.offerStream(source)], buffers: [] };
    });
    await world.open(7);
    world.active.endWork();
    go();
    await nextRound();
    assert.equal(source.cancels, 1);
    for (let i = 0; i < HOST_LIMITS.streamsMax; i++) world.streams.offer(new Source(), 7);
    await world.open(7);
    go();
    await nextRound();
    assert.equal(source.cancels, 2);
    assert.deepEqual(world.waiting().kinds, [ToGuest.replyError, ToGuest.replyError]);
  });

  it('answers a call that fails with an error, such as one subrequest too many', async () => {
    const world = new World(async (context) => {
      context.countSubrequest();
      return { fields: [], buffers: [] };
    });
    await world.open(7);
    await world.open(7);
    assert.deepEqual(world.waiting().kinds, [ToGuest.reply, ToGuest.replyError]);
  });
});
