import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NanosError } from '../../../protocol/errors.ts';
import { ByteWriter } from '../binary/byte-writer.ts';
import { WASM_PAGE_BYTES, type GuestState } from './guest-state.ts';
import { MemoryImage } from './memory-image.ts';
import type { MemoryDifference } from './memory-difference.ts';
import { PAGE_BYTES } from './memory-page.ts';
import { decodeSnapshotBody, encodeSnapshotBody } from './snapshot-body.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { StateRestorer, VERIFIED_PAGES_MAX } from './state-restorer.ts';
import { TestChain } from './test-chain.ts';
import { restoreState } from './test-restore-state.ts';

const limits = { memoryPagesMax: 4 };
const corrupt = { code: 'snapshot_corrupt' };

function stateOf(memory: Uint8Array): GuestState {
  return { pages: memory.length / WASM_PAGE_BYTES, memory, globals: [7, -7n] };
}

/** A keyframe and two deltas, each based on the one before, with the memory they lead to. */
function threeSnapshots(): { image: MemoryImage; bodies: Uint8Array[]; memory: Uint8Array } {
  const memory = new Uint8Array(WASM_PAGE_BYTES).fill(3, 100, 5000);
  const image = new MemoryImage(1, memory);
  const chain = new TestChain(new SnapshotWriter(image));
  for (const value of [1, 2, 3, 4]) {
    if (value !== 2) memory[value * 10_000] = value;
    chain.take(stateOf(memory));
  }
  return { image, bodies: chain.bodies(), memory };
}

describe('StateRestorer', () => {
  it('restores any snapshot of a chain', () => {
    const { image, bodies, memory } = threeSnapshots();
    assert.deepEqual(restoreState(bodies, image, limits), stateOf(memory));
    memory[40_000] = 0;
    assert.deepEqual(restoreState(bodies.slice(0, 2), image, limits), stateOf(memory));
    memory[30_000] = 0;
    assert.deepEqual(restoreState(bodies.slice(0, 1), image, limits), stateOf(memory));
  });

  it('restores into memory that holds the image', () => {
    const { image, bodies, memory } = threeSnapshots();
    const instance = new Uint8Array(WASM_PAGE_BYTES);
    instance.set(image.bytes);
    const state = restoreState(bodies, image, { ...limits, into: (pages) => (assert.equal(pages, 1), instance) });
    assert.equal(state.memory, instance);
    assert.deepEqual(instance, memory);
  });

  it('restores a keyframe first, and deltas to it later', () => {
    const { image, bodies: [key = assert.fail(), ...deltas], memory } = threeSnapshots();
    const instance = new Uint8Array(WASM_PAGE_BYTES);
    instance.set(image.bytes);
    const restorer = new StateRestorer(image, { ...limits, into: () => instance });
    assert.throws(() => restorer.verify(), corrupt, 'there is nothing yet');
    restorer.apply([key]);
    restorer.verify();
    assert.throws(() => restorer.apply([key]), corrupt, 'a second keyframe');
    restorer.apply(deltas);
    assert.deepEqual(restorer.state(), stateOf(memory));
    restorer.apply([]);
    assert.deepEqual(restorer.state(), stateOf(memory));
  });

  it('verifies what was changed since it was verified last, also by a delta to more memory', () => {
    const memory = new Uint8Array(2 * WASM_PAGE_BYTES);
    const chain = new TestChain(new SnapshotWriter(new MemoryImage(1, new Uint8Array())));
    memory[100] = 1;
    const key = chain.take(stateOf(memory.slice(0, WASM_PAGE_BYTES))).body;
    memory[70_000] = 2;
    const delta = chain.take(stateOf(memory)).body;
    const instance = new Uint8Array(2 * WASM_PAGE_BYTES);
    const restorer = new StateRestorer(new MemoryImage(1, new Uint8Array()), { ...limits, into: (pages) => instance.subarray(0, pages * WASM_PAGE_BYTES) });
    restorer.apply([key]);
    instance[100] = 7;
    assert.throws(() => restorer.verify(), /another hash/u);
    instance[100] = 1;
    restorer.verify();
    restorer.apply([delta]);
    instance[70_000] = 7;
    assert.throws(() => restorer.state(), /another hash/u);
    instance[70_000] = 2;
    assert.deepEqual(restorer.state(), stateOf(memory));
  });

  it('notices any flipped bit of a snapshot, or restores the same', () => {
    const { image, bodies, memory } = threeSnapshots();
    for (const [index, body] of bodies.entries()) {
      for (let bit = 0; bit < body.length * 8; bit++) {
        const flipped = Uint8Array.from(body);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit % 8));
        restoresOrIsCorrupt(bodies.with(index, flipped), image, stateOf(memory), `bit ${bit} of snapshot ${index}`);
      }
    }
  });

  it('notices any cut', () => {
    const { image, bodies: [key = assert.fail()] } = threeSnapshots();
    for (let length = 0; length < key.length; length++) assert.throws(() => restoreState([key.subarray(0, length)], image, limits), corrupt);
  });

  it('refuses any byte put in place of another, or restores the same', () => {
    const { image, bodies: [key = assert.fail()] } = threeSnapshots();
    const whole = restoreState([key], image, limits);
    for (let at = 0; at < key.length; at++) {
      for (const value of [0, 1, 127, 128, 255]) {
        const forged = Uint8Array.from(key);
        forged[at] = value;
        restoresOrIsCorrupt([forged], image, whole, `byte ${at} as ${value}`);
      }
    }
  });

  it('refuses snapshots that are missing, of another order or of another module', () => {
    const { image, bodies: [key = assert.fail(), second = assert.fail(), third = assert.fail()] } = threeSnapshots();
    for (const chain of [[], [second], [key, third], [key, third, second], [key, second, second], [key, key]]) {
      assert.throws(() => restoreState(chain, image, limits), corrupt);
    }
    assert.throws(() => restoreState([key], new MemoryImage(1, new Uint8Array()), limits), corrupt);
  });

  it('allocates no more than it is allowed', () => {
    const empty = new MemoryImage(0, new Uint8Array());
    const head = { kind: 'key', pages: 4, baseHash: empty.hash, stateHash: '00'.repeat(32), globals: [] } as const;
    const restore = (pages: number, difference: MemoryDifference): GuestState => restoreState([encodeSnapshotBody({ ...head, pages }, difference)], empty, limits);
    assert.throws(() => restore(5, wordsFrom(0, 1)), /memory of 5 pages is larger than 4/u);
    assert.throws(() => restore(4, wordsFrom(0, 4 * 16_384 + 1)), /more than its memory/u);
    assert.throws(() => restore(4, { words: new Uint8Array(4), runs: new Uint8Array(11) }), /more than its memory/u);
    assert.throws(() => restore(4, wordsFrom(4 * 16_384, 1)), /not of this memory/u);
    assert.throws(() => restore(4, { words: new Uint8Array(4), runs: Uint8Array.of(0, 2) }), /not of this memory/u);
    assert.throws(() => restore(4, { words: new Uint8Array(8), runs: Uint8Array.of(0, 1) }), /not of this memory/u);
    assert.throws(() => restore(4, { words: new Uint8Array(4), runs: Uint8Array.of(0, 0, 0, 1) }), /not of this memory/u);
    assert.throws(() => restore(4, { words: new Uint8Array(4), runs: Uint8Array.of(0, 255) }), /not of this memory/u);
  });

  it('inflates no more than the head says, and no less', () => {
    const empty = new MemoryImage(0, new Uint8Array());
    const head = { kind: 'key', pages: 4, baseHash: empty.hash, stateHash: '00'.repeat(32), globals: [] } as const;
    for (const said of [4, 65_536 + 4]) {
      const body = encodeSnapshotBody(head, wordsFrom(0, 16_384));
      new DataView(body.buffer, body.byteOffset).setUint32(12, said, true);
      assert.throws(() => restoreState([body], empty, limits), /can't be inflated|holds less|is cut short/u);
    }
  });

  it('verifies the hash of the whole state, of a guest with many changed pages when it is asked to', () => {
    const image = new MemoryImage(0, new Uint8Array());
    const restore = (count: number, verifyAll: boolean): GuestState => {
      const head = { kind: 'key', pages: 64, baseHash: image.hash, stateHash: '00'.repeat(32), globals: [] } as const;
      return restoreState([encodeSnapshotBody(head, wordsFrom(0, count * (PAGE_BYTES / 4)))], image, { memoryPagesMax: 64, verifyAll });
    };
    assert.throws(() => restore(VERIFIED_PAGES_MAX, false), /another hash/u);
    assert.equal(restore(VERIFIED_PAGES_MAX + 1, false).pages, 64);
    assert.throws(() => restore(VERIFIED_PAGES_MAX + 1, true), /another hash/u);
  });
});

describe('decodeSnapshotBody', () => {
  for (const [what, length] of [['one piece', 20_000], ['several pieces', 9 * 1024 * 1024]] as const) {
    it(`gives what was encoded, in ${what}`, () => {
      const head = { kind: 'delta', pages: 3000, baseHash: 'ab'.repeat(32), stateHash: 'cd'.repeat(32), globals: [2 ** 31 - 1, -1, 2n ** 63n - 1n, -(2n ** 63n)] } as const;
      // Half of it as good as random, so that some pieces get shorter and some do not.
      const words = new Uint8Array(length).map((_, index) => (index > length / 2 ? Math.imul(index, index) >> 11 : index % 251));
      const difference = { words, runs: Uint8Array.of(0, 128, 39) };
      const decoded = decodeSnapshotBody(encodeSnapshotBody(head, difference), 3000);
      assert.deepEqual(decoded.head, head);
      const read = decoded.difference();
      assert.equal(Buffer.compare(Buffer.concat(Array.from(read.words, (piece) => Uint8Array.from(piece))), words), 0);
      assert.deepEqual(read.runs, difference.runs);
    });
  }

  it('refuses a frame that wants a window larger than any snapshot needs', () => {
    const body = Buffer.from(encodeSnapshotBody({ kind: 'key', pages: 1, baseHash: '', stateHash: '', globals: [] }, wordsFrom(0, 4096)));
    const frame = body.lastIndexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
    // RFC 8878 section 3.1.1.1: no single segment, and a window of 2 GB
    body.set([0x00, 0xa8], frame + 4);
    assert.throws(() => decodeSnapshotBody(body, 1).difference(), { code: 'snapshot_corrupt', message: /inflated/u });
  });
});

/** What is not used, such as the globals of a snapshot that another one is based on, may be anything. */
function restoresOrIsCorrupt(bodies: readonly Uint8Array[], image: MemoryImage, whole: GuestState, message: string): void {
  try {
    assert.deepEqual(restoreState(bodies, image, limits), whole, message);
  } catch (error) {
    assert.ok(error instanceof NanosError && error.code === 'snapshot_corrupt', `${message}: ${String(error)}`);
  }
}

/** A difference of `count` words from word `start` on. */
function wordsFrom(start: number, count: number): MemoryDifference {
  return { words: new Uint8Array(count * 4).fill(1), runs: new ByteWriter().u32(start).u32(count).toBytes() };
}
