import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { readEvents, readLines } from './read-lines.ts';

async function* cut(text: string, at: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const places = [0, ...at.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  for (let i = 1; i < places.length; i++) yield bytes.slice(places[i - 1], places[i]);
}

async function collect(texts: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const text of texts) all.push(text);
  return all;
}

test('lines, with any ends and cut anywhere, in the middle of characters too', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' '), minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 5 }), fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(), { maxLength: 6 }), async (lines, end, at) => {
      assert.deepEqual(await collect(readLines(cut(lines.map((one) => one + end).join(''), at))), lines);
      assert.deepEqual(await collect(readLines(cut(lines.join(end), at))), lines);
    }),
  );
});

test('events', async () => {
  const text = ': hello\n\nevent: x\ndata: {"a":1}\n\ndata:first\ndata: second\nid: 4\n\n\ndata: [DONE]';
  assert.deepEqual(await collect(readEvents(cut(text, [3, 17, 30]))), ['{"a":1}', 'first\nsecond', '[DONE]']);
});
