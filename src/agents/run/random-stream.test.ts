import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, it } from 'node:test';
import { RandomStream } from './random-stream.ts';

const seed = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

describe('RandomStream', () => {
  it('is the key stream of ChaCha20, as OpenSSL makes it', () => {
    const expected = createCipheriv('chacha20', seed, new Uint8Array(16)).update(new Uint8Array(1000));
    assert.deepEqual(Buffer.from(new RandomStream(seed).draw(1000)), expected);
  });

  it('gives the same bytes however they are drawn, and goes on from a position', () => {
    const whole = new RandomStream(seed).draw(400);
    const stream = new RandomStream(seed);
    const parts = [0, 1, 63, 64, 65, 100, 7].map((length) => stream.draw(length));
    assert.deepEqual(Buffer.concat(parts), Buffer.from(whole.subarray(0, 300)));
    assert.equal(stream.position, 300);
    assert.deepEqual(new RandomStream(seed, 300).draw(100), whole.subarray(300));
  });
});
