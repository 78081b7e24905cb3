import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { enterAt } from '../../kernel/clock.ts';
import { Blob, blobBytes, blobFromParts, blobParts, File, installFileApi, isBlob, isFile, setBlobStreamFactory } from './index.ts';

const PlatformBlob = globalThis.Blob;
installFileApi({});

test('contents agree with the platform, whatever the parts', async () => {
  const part = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '\r', '\n', 'é', '😀', '\ud800') }),
    fc.uint8Array({ maxLength: 5 }),
    fc.uint8Array({ minLength: 3, maxLength: 5 }).map((bytes) => new DataView(bytes.buffer, 1, 2)),
    fc.uint8Array({ maxLength: 5 }).map(({ buffer }) => buffer),
    fc.constantFrom(5, null, undefined, {}),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part), fc.integer({ min: -9, max: 20 }), fc.integer({ min: -9, max: 20 }), async (parts, start, end) => {
      const [ours, theirs] = [new Blob(parts), new PlatformBlob(parts as string[])];
      assert.equal(ours.size, theirs.size);
      assert.equal(await ours.text(), await theirs.text());
      const [ourSlice, theirSlice] = [ours.slice(start, end), theirs.slice(start, end)];
      assert.deepEqual(await ourSlice.arrayBuffer(), await theirSlice.arrayBuffer());
      assert.deepEqual(blobBytes(new Blob([ours, ourSlice])), new Uint8Array(await new PlatformBlob([theirs, theirSlice]).arrayBuffer()));
    }),
  );
});

test('types are lower case, or empty when they hold anything but printable ASCII', () => {
  for (const type of ['Text/Plain', 'a/b;charset=UTF-8', 'é', '\u0000', '\u007f', null]) assert.equal(new Blob([], { type }).type, new PlatformBlob([], { type: type as string }).type);
  assert.equal(new Blob(['abc'], { type: 'a/b' }).slice(1).type, '');
  assert.equal(new Blob(['abc']).slice(0, 1, 'X/Y').type, 'x/y');
});

test('native line endings are line feeds', async () => {
  assert.equal(await new Blob(['a\r\nb\rc\nd'], { endings: 'native' }).text(), 'a\nb\nc\nd');
  assert.throws(() => new Blob([], { endings: 'other' }), TypeError);
});

test('bytes are copied in and out', async () => {
  const source = Uint8Array.of(1, 2);
  const blob = new Blob([source]);
  source[0] = 9;
  (await blob.bytes())[1] = 9;
  blobBytes(blob)[1] = 9;
  assert.deepEqual([...(await blob.bytes())], [1, 2]);
});

test('parts must be a sequence, options a dictionary', () => {
  for (const wrong of ['text', 5, null, {}, new Date()]) assert.throws(() => new Blob(wrong), TypeError);
  assert.throws(() => new Blob([], 'text'), TypeError);
  assert.equal(new Blob(undefined, null).size, 0);
});

test('a wrong receiver rejects or throws', async () => {
  await assert.rejects(async () => Reflect.apply(Blob.prototype.text, {}, []), TypeError);
  assert.throws(() => Reflect.get(Blob.prototype, 'size', {}), TypeError);
});

test('File', async () => {
  enterAt(77);
  const file = new File(['abc'], 'a/b:\ud800.txt', { type: 'text/plain', lastModified: 5.9 });
  assert.deepEqual([file.name, file.lastModified, file.type, await file.text(), file instanceof Blob], ['a/b:\ufffd.txt', 5, 'text/plain', 'abc', true]);
  assert.equal(new File([], 'x').lastModified, 77);
  assert.deepEqual([isFile(file), isBlob(file), isFile(new Blob()), isFile(file.slice())], [true, true, false, false]);
  assert.throws(() => Reflect.construct(File, [[]]), TypeError);
  assert.throws(() => new File(undefined, 'x'), TypeError);
  assert.equal(Object.prototype.toString.call(file), '[object File]');
});

test('parts are shared by slices and given to the stream', () => {
  const part = Uint8Array.of(1, 2, 3);
  const blob = blobFromParts([part], 'a/b');
  assert.equal(blobParts(blob.slice(1))[0]?.buffer, part.buffer);
  setBlobStreamFactory((parts) => ({ lengths: parts.map(({ length }) => length) }));
  assert.deepEqual(blob.slice(1).stream(), { lengths: [2] });
});

test('the arguments of a File are converted in their order', () => {
  const order: string[] = [];
  const noted = (name: string, value: string): { toString(): string } => ({ toString: () => (order.push(name), value) });
  const file = new File([noted('part', 'abc')], noted('name', 'f'), { get type() { return order.push('type'), 'a/b'; }, get lastModified() { return order.push('lastModified'), 1; } });
  assert.deepEqual([order, file.size, file.name], [['part', 'name', 'type', 'lastModified'], 3, 'f']);
});
