import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blob } from '../file-api/index.ts';
import type { ReadableStream } from './index.ts';
import { installStreams, isReadableStream, loadTransforms, readableBytes, streamClasses } from './index.ts';
import { loadedStreamClasses } from './stream-classes.ts';

const global: Record<string, unknown> = {};
installStreams(global);
const { FixedLengthStream, IdentityTransformStream, TextDecoderStream, TextEncoderStream } = loadTransforms();

const encoder = new TextEncoder();

async function collect<T>(stream: ReadableStream): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk as T);
  return chunks;
}

test('classes are evaluated at the first touch and are ordinary globals then', () => {
  assert.equal(loadedStreamClasses(), undefined);
  assert.equal(isReadableStream({}), false);
  global['WritableStream'] = 'replaced';
  assert.equal(loadedStreamClasses(), undefined);
  const first = global['ReadableStream'];
  assert.equal(first, streamClasses().ReadableStream);
  assert.deepEqual(Object.getOwnPropertyDescriptor(global, 'ReadableStream'), { value: first, writable: true, configurable: true, enumerable: false });
  assert.equal(global['WritableStream'], 'replaced');
  assert.equal(Object.getOwnPropertyDescriptor(global, 'TransformStream')?.value, streamClasses().TransformStream);
  assert.equal((first as { name: string }).name, 'ReadableStream');
});

test('from, tee, pipeThrough and async iteration', async () => {
  const { ReadableStream, TransformStream } = streamClasses();
  const [a, b] = ReadableStream.from(['x', 'y']).tee();
  const upper = new TransformStream<string, string>({ transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()) });
  assert.deepEqual(await collect(a.pipeThrough(upper)), ['X', 'Y']);
  assert.deepEqual(await collect(b), ['x', 'y']);
  const iterator = new ReadableStream().values();
  const inherited = Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())) as object;
  assert.equal(Object.getPrototypeOf(Object.getPrototypeOf(iterator)), Object.getPrototypeOf(inherited));
  assert.equal(iterator[Symbol.asyncIterator](), iterator);
});

test('a blob streams copies of its bytes', async () => {
  const blob = new Blob(['a'.repeat(100_000), 'b']);
  const chunks = await collect<Uint8Array>(blob.stream() as ReadableStream);
  assert.equal(Buffer.concat(chunks).toString(), `${'a'.repeat(100_000)}b`);
  for (const chunk of chunks) chunk.fill(0);
  assert.equal((await blob.text()).slice(-2), 'ab');
  assert.deepEqual(await collect(new Blob([]).stream() as ReadableStream), []);
});

test('readableBytes pulls on demand, skips empty chunks and passes errors on', async () => {
  let pulls = 0;
  const error = new Error('mine');
  const stream = readableBytes({
    async pull() {
      pulls++;
      if (pulls > 2) throw error;
      return pulls === 1 ? new Uint8Array(0) : encoder.encode('x');
    },
  });
  await new Promise(setImmediate);
  assert.equal(pulls, 0);
  const reader = stream.getReader();
  assert.deepEqual((await reader.read()).value, encoder.encode('x'));
  await assert.rejects(reader.read(), error);
});

test('text streams code across chunk borders', async () => {
  const { ReadableStream } = streamClasses();
  const encoded = await collect<Uint8Array>(ReadableStream.from(['a\ud83d', '\ude00', '', 'b\ud83d']).pipeThrough(new TextEncoderStream()));
  assert.equal(Buffer.concat(encoded).toString(), 'a😀b\ufffd');
  const bytes = [...encoder.encode('é😀')].map((byte) => Uint8Array.of(byte));
  assert.equal((await collect<string>(ReadableStream.from(bytes).pipeThrough(new TextDecoderStream()))).join(''), 'é😀');
  await assert.rejects(collect(ReadableStream.from([Uint8Array.of(0xff)]).pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))), TypeError);
  await assert.rejects(collect(ReadableStream.from(['text']).pipeThrough(new TextDecoderStream())), TypeError);
  assert.deepEqual([new TextEncoderStream().encoding, new TextDecoderStream('UTF8').encoding], ['utf-8', 'utf-8']);
});

test('IdentityTransformStream passes bytes on, one write for one read', async () => {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let written = false;
  const writing = writer.write(encoder.encode('ab')).then(() => (written = true));
  await new Promise(setImmediate);
  assert.equal(written, false);
  const reader = readable.getReader({ mode: 'byob' });
  assert.deepEqual((await reader.read(new Uint8Array(1))).value, encoder.encode('a'));
  assert.deepEqual((await reader.read(new Uint8Array(9))).value, encoder.encode('b'));
  await writing;
  const reading = reader.read(new Uint8Array(1));
  await writer.close();
  assert.equal((await reading).done, true);
});

test('IdentityTransformStream fails in both directions', async () => {
  const first = new IdentityTransformStream();
  const aborted = collect(first.readable);
  await first.writable.abort('why');
  await assert.rejects(aborted, (reason) => reason === 'why');
  const second = new IdentityTransformStream();
  const writing = second.writable.getWriter().write(encoder.encode('x'));
  await second.readable.cancel('gone');
  await assert.rejects(writing, (reason) => reason === 'gone' || reason instanceof TypeError);
  const third = new IdentityTransformStream();
  await assert.rejects(third.writable.getWriter().write('text'), TypeError);
});

test('FixedLengthStream takes exactly its length', async () => {
  for (const [length, text] of [[1, 'ab'], [3, 'ab']] as const) {
    const { readable, writable } = new FixedLengthStream(length);
    const writer = writable.getWriter();
    const writing = writer.write(encoder.encode(text)).then(() => writer.close());
    await Promise.all([assert.rejects(collect(readable), TypeError), assert.rejects(writing, TypeError)]);
  }
  for (const bad of [-1, 'x', 2 ** 53]) assert.throws(() => new FixedLengthStream(bad), TypeError);
});
