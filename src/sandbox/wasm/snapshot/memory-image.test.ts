import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { MemoryImage } from './memory-image.ts';
import { PAGE_BYTES, PAGES_PER_WASM_PAGE } from './memory-page.ts';

describe('MemoryImage', () => {
  const memory = new Uint8Array(2 * 65_536);
  memory[PAGE_BYTES] = 5;

  it('holds a copy up to the last page that is not empty', () => {
    const image = new MemoryImage(2, memory);
    memory[0] = 1;
    assert.equal(image.bytes.length, 2 * PAGE_BYTES);
    assert.deepEqual([image.page(0)[0], image.page(1)[0], image.page(2)[0], image.page(1_000_000)[0]], [0, 5, 0, 0]);
    memory[0] = 0;
  });

  it('hashes each page, whatever the size of the memory that starts with it', () => {
    const image = new MemoryImage(2, memory);
    const pages = Array.from({ length: 3 * PAGES_PER_WASM_PAGE }, (_, index) => hash('sha256', image.page(index), 'hex'));
    assert.equal(Buffer.from(image.pageHashes(3)).toString('hex'), pages.join(''));
    assert.equal(Buffer.from(image.pageHashes(2)).toString('hex'), pages.slice(0, 2 * PAGES_PER_WASM_PAGE).join(''));
  });

  it('has a hash by its content and its size', () => {
    const hashes = [new MemoryImage(2, memory), new MemoryImage(2, memory.slice(0, 65_536)), new MemoryImage(3, memory), new MemoryImage(2, new Uint8Array())].map((image) => image.hash);
    assert.equal(hashes[0], hashes[1]);
    assert.equal(new Set(hashes).size, 3);
  });
});
