import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { readCellOutput } from './cell-output.ts';

async function read(...chunks: readonly string[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  readCellOutput([null, undefined, stream], (text) => lines.push(text));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

describe('what a cell prints', () => {
  test('is read line by line, however it is cut', async () => {
    assert.deepEqual(await read('one\ntw', 'o\r\n\n', 'three'), ['one', 'two', 'three']);
  });

  test('is dropped past the length of a line', async () => {
    const long = 'x'.repeat(1_500);
    assert.deepEqual(await read(long, long, long, '\nnext\n', `${long}${long}\n`), ['x'.repeat(2_000), 'next', 'x'.repeat(2_000)]);
  });

  test('is dropped past the number of lines', async () => {
    const lines = await read(...Array.from({ length: 50 }, (_, chunk) => `${chunk}\n`.repeat(10)));
    assert.equal(lines.length, 200);
    assert.equal(lines.at(-1), '19');
  });
});
