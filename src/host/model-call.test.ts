import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelProcessCall } from './model-call.ts';

const CHUNKS = ['one', 'two', 'three'].map((text) => ({ type: 'text', text }) as const);

/** Gives the call up with the first chunk. */
async function readOne(call: ModelProcessCall): Promise<void> {
  for await (const chunk of call.read()) {
    assert.equal(chunk, CHUNKS[0]);
    call.end(new Error('enough'));
  }
}

describe('a call of the model process', () => {
  test('that is given up is not read on, also when all of it is there', async () => {
    const under = new ModelProcessCall('model.gguf');
    under.push(CHUNKS);
    await assert.rejects(readOne(under), /enough/);
    const over = new ModelProcessCall('model.gguf');
    over.push(CHUNKS);
    over.end();
    await assert.rejects(readOne(over), /enough/);
  });

  test('that went well is read to its end, as it comes', async () => {
    const call = new ModelProcessCall('model.gguf');
    const read = call.read();
    const first = read.next();
    call.push(CHUNKS.slice(0, 1));
    assert.deepEqual(await first, { value: CHUNKS[0], done: false });
    call.push(CHUNKS.slice(1));
    call.end();
    assert.deepEqual([await read.next(), await read.next(), await read.next()], [{ value: CHUNKS[1], done: false }, { value: CHUNKS[2], done: false }, { value: undefined, done: true }]);
  });
});
