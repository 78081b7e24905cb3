import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { NanosError } from '../../../protocol/errors.ts';
import { ByteWriter } from '../binary/byte-writer.ts';
import { WASM_PAGE_BYTES, type GuestState } from './guest-state.ts';
import { MemoryImage } from './memory-image.ts';
import type { MemoryDifference } from './memory-difference.ts';
import { PAGE_BYTES } from './memory-page.ts';
import { restoreState, VERIFIED_PAGES_MAX } from './restore-state.ts';
import { decodeSnapshotBody, encodeSnapshotBody } from './snapshot-body.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

const limits = { memoryPagesMax: 4 };
const corrupt = { code: 'snapshot_corrupt' };

function stateOf(memory: Uint8Array): GuestState {
  return { pages: memory.length / WASM_PAGE_BYTES, memory, globals: [7, -7n] };
}

/** A keyframe and two deltas, with the memory they lead to. */
function threeSnapshots(): { image: MemoryImage; bodies: Uint8Array[]; memory: Uint8Array } {
  const memory = new Uint8Array(WASM_PAGE_BYTES).fill(3, 100, 5000);
  const image = new MemoryImage(1, memory);
  const writer = new SnapshotWriter(image);
  const bodies = [1, 2, 3].map((value) => {
    memory[value * 10_000] = value;
    return writer.take(stateOf(memory)).body ?? assert.fail('no snapshot');
  });
  return { image, bodies, memory };
}

describe('restoreState', () => {
  it('restores any snapshot of a chain', () => {
    const { image, bodies, memory } = threeSnapshots();
    assert.deepEqual(restoreState(bodies, image, limits), stateOf(memory));
    memory[30_000] = 0;
    assert.deepEqual(restoreState(bodies.slice(0, 2), image, limits), stateOf(memory));
    memory[20_000] = 0;
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

  it('notices any flipped byte', () => {
    const { image, bodies } = threeSnapshots();
    for (const [index, body] of bodies.entries()) {
      for (let at = 0; at < body.length; at++) {
        const flipped = Uint8Array.from(body);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        assert.throws(() => restoreState(bodies.with(index, flipped), image, limits), corrupt, `byte ${at} of snapshot ${index}`);
      }
    }
  });

  it('notices any cut', () => {
    const { image, bodies: [key = assert.fail()] } = threeSnapshots();
    for (let length = 0; length < key.length; length++) assert.throws(() => restoreState([key.subarray(0, length)], image, limits), corrupt);
  });

  it('refuses damage that has a right checksum, or restores the same', () => {
    const { image, bodies: [key = assert.fail()] } = threeSnapshots();
    const whole = restoreState([key], image, limits);
    for (let at = 0; at < key.length; at++) {
      for (const value of [0, 1, 127, 128, 255]) {
        const forged = Uint8Array.from(key);
        forged[at] = value;
        seal(forged);
        try {
          assert.deepEqual(restoreState([forged], image, limits), whole, `byte ${at} as ${value}`);
        } catch (error) {
          assert.ok(error instanceof NanosError && error.code === 'snapshot_corrupt', `byte ${at} as ${value}: ${String(error)}`);
        }
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
      seal(body);
      assert.throws(() => restoreState([body], empty, limits), /can't be inflated|holds less/u);
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
  it('gives what was encoded', () => {
    const head = { kind: 'delta', pages: 3000, baseHash: 'ab'.repeat(32), stateHash: 'cd'.repeat(32), globals: [2 ** 31 - 1, -1, 2n ** 63n - 1n, -(2n ** 63n)] } as const;
    const difference = { words: new Uint8Array(20_000).map((_, index) => index % 251), runs: Uint8Array.of(0, 128, 39) };
    const decoded = decodeSnapshotBody(encodeSnapshotBody(head, difference), 3000);
    assert.deepEqual(decoded.head, head);
    const { words, runs } = decoded.difference();
    assert.deepEqual([new Uint8Array(words), new Uint8Array(runs)], [difference.words, difference.runs]);
  });

  it('refuses a frame that wants a window larger than any snapshot needs', () => {
    const body = Buffer.from(encodeSnapshotBody({ kind: 'key', pages: 1, baseHash: '', stateHash: '', globals: [] }, wordsFrom(0, 1024)));
    const frame = body.lastIndexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
    // RFC 8878 section 3.1.1.1: no single segment, and a window of 2 GB
    body.set([0x00, 0xa8], frame + 4);
    seal(body);
    assert.throws(() => decodeSnapshotBody(body, 1).difference(), { code: 'snapshot_corrupt', message: /inflated/u });
  });
});

/** A difference of `count` words from word `start` on. */
function wordsFrom(start: number, count: number): MemoryDifference {
  return { words: new Uint8Array(count * 4).fill(1), runs: new ByteWriter().u32(start).u32(count).toBytes() };
}

/** Gives a body the checksum that its bytes have. */
function seal(body: Uint8Array): void {
  new DataView(body.buffer, body.byteOffset).setUint32(20, crc32(body.subarray(24), crc32(body.subarray(0, 20))), true);
}
