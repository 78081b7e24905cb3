import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { WASM_PAGE_BYTES, type GuestState } from './guest-state.ts';
import { MemoryImage } from './memory-image.ts';
import { PAGE_BYTES } from './memory-page.ts';
import { SNAPSHOT_PAGES_MAX } from './snapshot-body.ts';
import { CHAIN_BYTES_MIN, CHAIN_DELTAS_MAX, KEY_SNAPSHOTS_MAX, SnapshotWriter, type Snapshot } from './snapshot-writer.ts';
import { StateTracker } from './state-tracker.ts';
import { TestChain } from './test-chain.ts';
import { restoreState } from './test-restore-state.ts';

const limits = { memoryPagesMax: 65_536 };

/** A guest whose memory the test changes. */
class Guest implements GuestState {
  memory: Uint8Array;
  globals: (number | bigint)[] = [1, 2n, -5];

  constructor(image: MemoryImage) {
    this.memory = new Uint8Array(image.pages * WASM_PAGE_BYTES);
    this.memory.set(image.bytes);
  }

  get pages(): number {
    return this.memory.length / WASM_PAGE_BYTES;
  }

  grow(pages: number): void {
    const larger = new Uint8Array(this.memory.length + pages * WASM_PAGE_BYTES);
    larger.set(this.memory);
    this.memory = larger;
  }
}

function imageOf(pages: number, content: Uint8Array = Uint8Array.of(1, 2, 3)): MemoryImage {
  const memory = new Uint8Array(pages * WASM_PAGE_BYTES);
  for (let at = 5000; at + content.length < memory.length; at += 20_000) memory.set(content, at);
  return new MemoryImage(pages, memory);
}

function assertRestores(chain: TestChain, image: MemoryImage, guest: Guest): void {
  assert.ok(chain.bodies().length <= CHAIN_DELTAS_MAX + 1);
  const restored = restoreState(chain.bodies(), image, limits);
  assert.equal(restored.pages, guest.pages);
  assert.equal(Buffer.compare(restored.memory, guest.memory), 0, 'the memory differs');
  assert.deepEqual(restored.globals, guest.globals);
}

const write = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 9000 }) });
const step = fc.record({
  writes: fc.array(write, { maxLength: 4 }),
  wipe: fc.option(fc.nat(), { freq: 4 }),
  grow: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }),
  globals: fc.array(fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer()), { minLength: 3, maxLength: 3 }),
});

function change(guest: Guest, image: MemoryImage, { writes, wipe, grow, globals }: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
  if (grow > 0) guest.grow(grow);
  for (const { at, bytes } of writes) guest.memory.set(bytes, at % (guest.memory.length - bytes.length));
  if (wipe !== null) {
    const page = wipe % (guest.memory.length / PAGE_BYTES);
    guest.memory.set(image.page(page), page * PAGE_BYTES);
  }
  guest.globals = globals;
}

describe('SnapshotWriter', () => {
  it('gives the same hashes at the same rests when only they are wanted', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), fc.constantFrom(2, 600), (steps, pages) => {
        const image = imageOf(pages);
        const guest = new Guest(image);
        const [whole, hashes] = [new SnapshotWriter(image), new SnapshotWriter(image)];
        for (const taken of steps) {
          change(guest, image, taken);
          assert.deepEqual(hashes.take(guest, 0, { hashOnly: true }), whole.take(guest, 0).stateHash === undefined ? {} : { stateHash: new StateTracker(image).see(guest) });
        }
      }),
      { numRuns: 10 },
    );
  });

  it('takes what restores to the same state, whatever the guest does', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 50 }), (steps) => {
        const image = imageOf(2);
        const guest = new Guest(image);
        const chain = new TestChain(new SnapshotWriter(image));
        for (const each of steps) {
          change(guest, image, each);
          const snapshot = chain.take(guest);
          assertRestores(chain, image, guest);
          assert.equal(snapshot.stateHash, new StateTracker(image).see(guest), 'the hash depends on the way there');
        }
      }),
      { numRuns: 30 },
    );
  });

  it('begins with a keyframe after a rest of which only the hash was wanted', () => {
    const image = imageOf(1);
    const guest = new Guest(image);
    const writer = new SnapshotWriter(image);
    const kinds = [false, true, true, false, false].map((hashOnly, at) => {
      guest.memory[at] = 7;
      return writer.take(guest, at, { hashOnly }).kind;
    });
    assert.deepEqual(kinds, ['key', undefined, undefined, 'key', 'delta']);
  });

  it('begins a run with a keyframe, and takes the rests after it as if there had been none', () => {
    const empty = new MemoryImage(0, new Uint8Array());
    const guest = new Guest(empty);
    guest.grow(257);
    const writer = new SnapshotWriter(empty);
    const { kind, body } = writer.begin(guest, 5);
    assert.equal(kind, 'key');
    assert.equal(Buffer.compare(restoreState([body], empty, limits).memory, guest.memory), 0);
    guest.memory[9] = 1;
    const taken = [6, 7, 8].map((at) => writer.take(guest, at));
    assert.deepEqual(taken.map((snapshot) => (snapshot.kind === 'delta' ? snapshot.base : snapshot.kind)), [5, undefined, 5]);
  });

  it('takes the same bytes of the same run', () => {
    const run = (): Snapshot[] => {
      const image = imageOf(1);
      const guest = new Guest(image);
      const writer = new SnapshotWriter(image);
      return Array.from({ length: 100 }, (_, index) => {
        guest.memory[(index * 7919) % guest.memory.length] = index;
        return writer.take(guest, index);
      });
    };
    assert.deepEqual(run(), run());
  });

  it('begins with what differs from the image, and goes on with what changed', () => {
    const image = imageOf(4, new Uint8Array(9000).fill(7));
    const guest = new Guest(image);
    const writer = new SnapshotWriter(image);
    const first = writer.take(guest, 0);
    assert.equal(first.kind, 'key');
    assert.ok(first.kind === 'key' && first.body.length < 200, 'an untouched guest needs next to nothing');
    const unchanged = writer.take(guest, 1);
    assert.ok(unchanged.kind === 'delta' && unchanged.body.length < 200 && unchanged.stateHash === first.stateHash);
  });

  it('takes a keyframe after so many snapshots', () => {
    const kinds = kindsOf(imageOf(2), 3 * KEY_SNAPSHOTS_MAX, (guest, index) => (guest.memory[10] = index));
    assert.deepEqual(kinds.map((kind, index) => (kind === 'key' ? index : -1)).filter((index) => index >= 0), [0, KEY_SNAPSHOTS_MAX, 2 * KEY_SNAPSHOTS_MAX]);
  });

  it('merges deltas, so that each is restored from few', () => {
    const image = imageOf(2);
    const guest = new Guest(image);
    const chain = new TestChain(new SnapshotWriter(image));
    const lengths = Array.from({ length: KEY_SNAPSHOTS_MAX }, (_, index) => {
      guest.memory[index * 40] = 9;
      chain.take(guest);
      assertRestores(chain, image, guest);
      return chain.bodies().length;
    });
    assert.deepEqual(lengths.slice(0, 9), [1, 2, 2, 3, 2, 3, 3, 4, 2]);
    assert.equal(Math.max(...lengths), 7);
  });

  it('restores any earlier snapshot of a chain too', () => {
    const image = imageOf(3);
    const guest = new Guest(image);
    const chain = new TestChain(new SnapshotWriter(image));
    const memories = Array.from({ length: 100 }, (_, index) => {
      guest.memory.fill(index + 1, (index * 977) % 100_000, ((index * 977) % 100_000) + 10 * (index % 60));
      if (index === 70) guest.grow(2);
      chain.take(guest);
      return Uint8Array.from(guest.memory);
    });
    for (const [at, memory] of memories.entries()) assert.equal(Buffer.compare(restoreState(chain.bodies(at), image, limits).memory, memory), 0, String(at));
  });

  it('takes a keyframe where too many deltas would have to be applied, being too large to be merged', () => {
    const pages = 256;
    const image = imageOf(pages);
    const fill = (guest: Guest, index: number): unknown => (index === 0 ? guest.memory.fill(7) : guest.memory.fill(index + 1, 0, 40 * PAGE_BYTES));
    assert.equal(kindsOf(image, CHAIN_DELTAS_MAX + 3, fill).lastIndexOf('key'), CHAIN_DELTAS_MAX + 1);
  });

  it('bounds a chain by what it holds, unless its keyframe holds more', () => {
    const fill = (pages: number) => (guest: Guest, index: number): unknown => guest.memory.fill(index + 1, 0, pages * PAGE_BYTES);
    assert.ok(50 * PAGE_BYTES * 2 < CHAIN_BYTES_MIN && 50 * PAGE_BYTES * 3 > CHAIN_BYTES_MIN);
    assert.deepEqual(kindsOf(imageOf(16), 7, fill(50)), ['key', 'delta', 'delta', 'key', 'delta', 'delta', 'key']);
    const large = (guest: Guest, index: number): unknown => fill(index % 5 === 0 ? 255 : 50)(guest, index);
    assert.deepEqual(kindsOf(imageOf(16), 6, large), ['key', 'delta', 'delta', 'delta', 'delta', 'key']);
  });

  it('looks at a guest above 16 MB less often, the larger the less', () => {
    const taken = (pages: number): number[] => {
      const guest = new Guest(new MemoryImage(0, new Uint8Array()));
      guest.grow(pages);
      const writer = new SnapshotWriter(new MemoryImage(0, new Uint8Array()));
      return Array.from({ length: 7 }, () => (writer.take(guest, 0).stateHash === undefined ? 0 : 1));
    };
    assert.deepEqual(taken(256), [1, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual(taken(257), [1, 0, 1, 0, 1, 0, 1]);
    assert.deepEqual(taken(513), [1, 0, 0, 1, 0, 0, 1]);
    assert.deepEqual(taken(SNAPSHOT_PAGES_MAX + 1), [0, 0, 0, 0, 0, 0, 0]);
  });
});

function kindsOf(image: MemoryImage, count: number, act: (guest: Guest, index: number) => void): (string | undefined)[] {
  const guest = new Guest(image);
  const writer = new SnapshotWriter(image);
  return Array.from({ length: count }, (_, index) => {
    act(guest, index);
    return writer.take(guest, index).kind;
  });
}
