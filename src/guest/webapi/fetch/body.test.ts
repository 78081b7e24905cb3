import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindHostCalls } from '../../kernel/host-calls.ts';
import { Blob } from '../file-api/index.ts';
import type { ReadableStream } from '../streams/index.ts';
import { installStreams, streamClasses, teeForClone } from '../streams/index.ts';
import { URLSearchParams } from '../url/index.ts';
import { FormData } from '../xhr/index.ts';
import { installFetch, Request, Response } from './index.ts';

installFetch({});
installStreams({});
bindHostCalls({
  call: () => assert.fail('no call is expected'),
  inbound: () => assert.fail('no stream is expected'),
  outbound: () => assert.fail('no stream is expected'),
  log: () => undefined,
  currentRequest: () => 0,
  randomFill: (bytes) => void globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
});

const encoder = new TextEncoder();

function streamOf(...chunks: unknown[]): ReadableStream {
  return new (streamClasses().ReadableStream)({
    pull(controller) {
      if (chunks.length === 0) controller.close();
      else controller.enqueue(chunks.shift());
    },
  });
}

test('every kind of body reads as text, bytes, blob and JSON', async () => {
  const kinds: (() => unknown)[] = [
    () => '{"a":"é"}',
    () => encoder.encode('{"a":"é"}'),
    () => encoder.encode('{"a":"é"}').buffer,
    () => new Blob(['{"a":"é"}']),
    () => streamOf(encoder.encode('{"a":"'), encoder.encode('é"}')),
  ];
  for (const make of kinds) {
    assert.equal(await new Response(make()).text(), '{"a":"é"}');
    assert.deepEqual(await new Response(make()).json(), { a: 'é' });
    assert.deepEqual(new Uint8Array(await new Response(make()).arrayBuffer()), encoder.encode('{"a":"é"}'));
    assert.deepEqual(await new Response(make()).bytes(), encoder.encode('{"a":"é"}'));
    assert.equal(await (await new Response(make()).blob()).text(), '{"a":"é"}');
  }
});

test('text is well-formed and without byte order mark', async () => {
  assert.equal(await new Response('\ufeffa\ud800').text(), 'a\ufffd');
  assert.deepEqual(await new Response('\ufeffa').bytes(), Uint8Array.of(0xef, 0xbb, 0xbf, 0x61));
  assert.equal(await new Response(Uint8Array.of(0xff, 0x41)).text(), '\ufffdA');
  await assert.rejects(new Response('{').json(), SyntaxError);
});

test('a body is read once', async () => {
  for (const make of [() => 'x', () => encoder.encode('x'), () => streamOf(encoder.encode('x'))]) {
    const response = new Response(make());
    assert.equal(response.bodyUsed, false);
    const reading = response.text();
    assert.equal(response.bodyUsed, true);
    assert.equal(await reading, 'x');
    for (const method of ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData'] as const) await assert.rejects(response[method](), TypeError);
    assert.equal(response.body?.locked, true);
  }
  const empty = new Response();
  assert.deepEqual([await empty.text(), await empty.text(), empty.bodyUsed, empty.body], ['', '', false, null]);
});

test('reading from the stream of a body uses the body', async () => {
  const response = new Response('hello');
  const { body } = response;
  assert.equal(response.body, body);
  assert.equal(response.bodyUsed, false);
  const reader = body!.getReader();
  await assert.rejects(response.text(), TypeError);
  assert.throws(() => response.clone(), TypeError);
  assert.deepEqual(await reader.read(), { done: false, value: encoder.encode('hello') });
  assert.equal(response.bodyUsed, true);
  reader.releaseLock();
  await assert.rejects(response.text(), TypeError);
});

test('a cancelled stream counts as read', async () => {
  const response = new Response('x');
  await response.body!.cancel();
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
});

test('a BYOB reader sees the end of a body', async () => {
  const reader = new Response(encoder.encode('abc')).body!.getReader({ mode: 'byob' });
  const first = await reader.read(new Uint8Array(2));
  assert.deepEqual(first.value, encoder.encode('ab'));
  assert.deepEqual((await reader.read(new Uint8Array(2))).value, encoder.encode('c'));
  assert.equal((await reader.read(new Uint8Array(2))).done, true);
});

test('two responses over one stream share it', async () => {
  const first = new Response('x');
  const second = new Response(first.body, first);
  assert.equal(await second.text(), 'x');
  assert.equal(first.bodyUsed, true);
  await assert.rejects(first.text(), TypeError);
  assert.throws(() => new Response(first.body), TypeError);
});

test('clones are independent', async () => {
  const response = new Response(encoder.encode('abc'));
  const clone = response.clone();
  const bytes = await response.bytes();
  bytes[0] = 0;
  assert.equal(await clone.text(), 'abc');

  const touched = new Response('abc');
  const old = touched.body;
  const copy = touched.clone();
  assert.equal(old!.locked, true);
  assert.deepEqual([await touched.text(), await copy.text()], ['abc', 'abc']);

  const streamed = new Response(streamOf(encoder.encode('a'), encoder.encode('b')));
  const other = streamed.clone();
  assert.deepEqual([await streamed.text(), await other.text()], ['ab', 'ab']);
});

test('a stream that fails half-way fails the reading', async () => {
  const error = new Error('broken pipe');
  let pulls = 0;
  const stream = new (streamClasses().ReadableStream)({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(encoder.encode('x'));
      else controller.error(error);
    },
  });
  const response = new Response(stream);
  const clone = response.clone();
  await assert.rejects(response.text(), error);
  await assert.rejects(clone.arrayBuffer(), error);
});

test('a chunk that is not a Uint8Array fails the reading and cancels the stream', async () => {
  for (const bad of ['text', 1, null, new ArrayBuffer(1), new Uint16Array(1)]) {
    const cancelled: unknown[] = [];
    const stream = new (streamClasses().ReadableStream)({
      pull: (controller) => controller.enqueue(bad),
      cancel: (reason) => void cancelled.push(reason),
    });
    await assert.rejects(new Response(stream).text(), TypeError);
    assert.equal(cancelled.length, 1);
  }
});

test('nothing gets between a body and its stream', async () => {
  const bytes = encoder.encode('mine');
  const stream = new (streamClasses().ReadableStream)({
    start(controller) {
      for (let count = 0; count < 20_000; count++) controller.enqueue(bytes);
      controller.close();
    },
  });
  const response = new Response(stream);
  const everywhere = Object.getPrototypeOf({}) as object;
  const name = ['th', 'en'].join('');
  Reflect.defineProperty(everywhere, name, { configurable: true, value: (resolve: (value: unknown) => void) => resolve({ done: false, value: 'theirs' }) });
  const reading = response.text();
  Reflect.deleteProperty(everywhere, name);
  assert.equal(await reading, 'mine'.repeat(20_000));
});

test('a clone of a stream has views of the same place in copies of their buffers', async () => {
  const { buffer } = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const views = [new DataView(buffer, 2, 3), new Uint16Array(buffer, 4, 1)];
  const [, copy] = teeForClone((streamClasses().ReadableStream as unknown as typeof globalThis.ReadableStream).from(views) as never);
  for await (const view of copy as unknown as AsyncIterable<ArrayBufferView>) {
    const original = views.shift()!;
    assert.deepEqual([view.constructor, view.byteOffset, view.byteLength], [original.constructor, original.byteOffset, original.byteLength]);
    assert.deepEqual(new Uint8Array(view.buffer), new Uint8Array(buffer));
    assert.notEqual(view.buffer, buffer);
  }
  assert.deepEqual(views, []);
});

test('locked and disturbed streams are refused', async () => {
  const locked = streamOf();
  locked.getReader();
  assert.throws(() => new Response(locked), TypeError);
  const disturbed = streamOf(encoder.encode('x'));
  const reader = disturbed.getReader();
  await reader.read();
  reader.releaseLock();
  assert.throws(() => new Response(disturbed), TypeError);
  assert.throws(() => new Request('http://a.b', { method: 'POST', body: disturbed }), TypeError);
});

test('bytes given as a body are copied', async () => {
  const bytes = encoder.encode('abc');
  const response = new Response(bytes);
  bytes.fill(0);
  assert.equal(await response.text(), 'abc');
});

test('URLSearchParams and FormData round-trip', async () => {
  const search = new Response(new URLSearchParams([['a', 'é &'], ['b', '']]));
  assert.equal(search.headers.get('content-type'), 'application/x-www-form-urlencoded;charset=UTF-8');
  assert.deepEqual([...(await search.formData())], [['a', 'é &'], ['b', '']]);

  const form = new FormData();
  form.append('a', '1\n2');
  form.append('f', new Blob(['file'], { type: 'text/x' }), 'ä".txt');
  const response = new Response(form);
  assert.match(response.headers.get('content-type') ?? '', /^multipart\/form-data; boundary=----formdata-[0-9a-f]{32}$/);
  const back = await response.formData();
  assert.equal(back.get('a'), '1\r\n2');
  const file = back.get('f');
  assert.ok(typeof file === 'object' && file !== null);
  assert.deepEqual([file.name, file.type, await file.text()], ['ä".txt', 'text/x', 'file']);
});

test('formData needs a Content-Type that says what it is', async () => {
  for (const type of ['text/plain', 'multipart/form-data', 'multipart/form-data; boundary=', 'garbage']) {
    const response = new Response('--x--\r\n', { headers: { 'content-type': type } });
    await assert.rejects(response.formData(), TypeError);
  }
  const odd = new Response('?a=\ufeff', { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.deepEqual([...(await odd.formData())], [['?a', '\ufeff']]);
});

test('the type of a blob is the Content-Type', async () => {
  const kept = await new Response('x', { headers: { 'content-type': 'TEXT/HTML ;CHARSET=GBK' } }).blob();
  assert.deepEqual([kept.type, await kept.text()], ['text/html;charset=GBK', 'x']);
  const response = new Response('x', { headers: { 'content-type': 'Text/HTML ; charset=UTF-8' } });
  assert.equal((await response.blob()).type, 'text/html;charset=UTF-8');
  assert.equal((await new Response(encoder.encode('x')).blob()).type, '');
});

test('methods on something else reject', async () => {
  await assert.rejects(Reflect.apply<object, [], Promise<string>>(Response.prototype.text, {}, []), TypeError);
  assert.throws(() => Reflect.get(Response.prototype, 'body'), TypeError);
});
