import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { MemoryImage } from './memory-image.ts';
import { PAGE_BYTES } from './memory-page.ts';
import { StateTracker } from './state-tracker.ts';

describe('StateTracker', () => {
  it('tells the pages that changed since it last saw them', () => {
    const memory = new Uint8Array(65_536).fill(1, 0, 3 * PAGE_BYTES);
    const tracker = new StateTracker(new MemoryImage(1, memory));
    assert.deepEqual(tracker.changedPages(memory), []);
    memory[2 * PAGE_BYTES] = 2;
    memory[16 * PAGE_BYTES - 1] = 2;
    assert.deepEqual(tracker.changedPages(memory), [2, 15]);
    tracker.see({ pages: 1, memory, globals: [] });
    memory[0] = 2;
    assert.deepEqual(tracker.changedPages(memory), [0]);
    const grown = new Uint8Array(131_072);
    grown.set(memory);
    grown[70_000] = 1;
    assert.deepEqual(tracker.changedPages(grown), [0, 17]);
  });

  it('keeps no page that is as in the image', () => {
    const memory = new Uint8Array(65_536);
    const tracker = new StateTracker(new MemoryImage(1, memory));
    memory[9] = 1;
    tracker.see({ pages: 1, memory, globals: [] });
    assert.deepEqual(tracker.ownPages(), [0]);
    memory[9] = 0;
    tracker.see({ pages: 1, memory, globals: [] });
    assert.deepEqual(tracker.ownPages(), []);
  });

  it('has the hash that the format says', () => {
    const memory = new Uint8Array(65_536);
    const tracker = new StateTracker(new MemoryImage(0, new Uint8Array()));
    memory[5000] = 1;
    const pages = Array.from({ length: 16 }, (_, index) => hash('sha256', memory.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES), 'buffer'));
    const globals = ['00fdffffffffffffff', '01feffffffffffffff', '01000000000000f87f'].map((hex) => Buffer.from(hex, 'hex'));
    const expected = createHash('sha256').update(Buffer.concat([Buffer.of(1, 0, 0, 0), ...pages, ...globals])).digest('hex');
    assert.equal(tracker.see({ pages: 1, memory, globals: [-3, -2n, 0x7ff8_0000_0000_0000n] }), expected);
  });

  it('tells globals, an i64 from an i32, and a larger memory', () => {
    const see = (pages: number, ...globals: (number | bigint)[]): string =>
      new StateTracker(new MemoryImage(0, new Uint8Array())).see({ pages, memory: new Uint8Array(pages * 65_536), globals });
    assert.equal(new Set([see(1), see(2), see(1, 0), see(1, 1), see(1, 0n), see(1, 0, 0)]).size, 6);
  });

  it('goes on the same after it was packed', () => {
    const memory = new Uint8Array(65_536).fill(7, 0, 30_000);
    const image = new MemoryImage(1, memory);
    const [packed, other] = [new StateTracker(image), new StateTracker(image)];
    for (let turn = 0; turn < 5; turn++) {
      crypto.getRandomValues(memory.subarray(turn * 5000, turn * 5000 + 3000));
      memory.fill(7, 0, turn * 2500);
      const state = { pages: 1, memory, globals: [turn] };
      assert.equal(packed.see(state), other.see(state));
      packed.pack();
      packed.pack();
      if (turn % 2 === 0) assert.deepEqual(packed.ownPages(), other.ownPages());
      assert.deepEqual(packed.changedPages(memory), []);
      for (let page = 0; page < 16; page++) assert.equal(Buffer.compare(packed.page(page), other.page(page)), 0);
      packed.pack();
    }
  });
});
