import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME, frame, FrameReader } from './forward-frames.ts';

function read(chunks: readonly Buffer[]): [number, string][] {
  const frames: [number, string][] = [];
  const reader = new FrameReader((kind, payload) => frames.push([kind, payload.toString('latin1')]));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const MESSAGES = [frame(FRAME.request, '{"a":"ä"}'), frame(FRAME.end), frame(FRAME.data, 'abcdef'), frame(FRAME.data), frame(FRAME.head, '{}')];

test('frames come out as they went in, however they are cut', () => {
  const all = Buffer.concat(MESSAGES);
  const whole = read([all]);
  assert.deepEqual(whole, [[FRAME.request, '{"a":"Ã¤"}'], [FRAME.end, ''], [FRAME.data, 'abcdef'], [FRAME.head, '{}']]);
  for (let size = 1; size < all.length; size++) {
    const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.subarray(index * size, (index + 1) * size));
    const pieces = read(chunks);
    assert.deepEqual(pieces.filter(([kind]) => kind !== FRAME.data), whole.filter(([kind]) => kind !== FRAME.data));
    assert.equal(pieces.flatMap(([kind, text]) => (kind === FRAME.data ? text : '')).join(''), 'abcdef');
  }
});

test('a body is handed on as it comes, not kept until it is whole', () => {
  const bytes = frame(FRAME.data, 'abcdef');
  assert.deepEqual(read([bytes.subarray(0, 8)]), [[FRAME.data, 'abc']]);
});

test('a frame that can’t be one of ours is refused before it is here', () => {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(2 * 1024 * 1024 + 1, 0);
  header[4] = FRAME.request;
  assert.throws(() => read([header]), RangeError);
});
