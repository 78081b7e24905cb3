import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InboundStream } from '../../kernel/host-calls.ts';
import { AbortController } from '../dom/index.ts';
import { installStreams, streamClasses } from '../streams/index.ts';
import { loadTransforms } from '../streams/index.ts';
import type { IncomingRequest, OutgoingBody } from './index.ts';
import { installFetch, outgoingResponse, requestFromHost, Response } from './index.ts';

installFetch({});
installStreams({});

const encoder = new TextEncoder();

function incoming(overrides: Partial<IncomingRequest> = {}): IncomingRequest {
  return { method: 'POST', url: 'http://a.b/c', headers: [], body: null, signal: () => assert.fail('the signal was made'), ...overrides };
}

function inbound(...chunks: string[]): InboundStream {
  return {
    async pull() {
      const chunk = chunks.shift();
      return chunk === undefined ? null : encoder.encode(chunk);
    },
    cancel: () => undefined,
  };
}

async function pieces(body: OutgoingBody): Promise<(string | Uint8Array)[]> {
  assert.ok(body !== null && 'source' in body);
  const all: (string | Uint8Array)[] = [];
  for (let chunk = await body.source.pull(); chunk !== null; chunk = await body.source.pull()) all.push(chunk);
  return all;
}

test('a request shows what came in', async () => {
  const request = requestFromHost(incoming({ headers: ['b', '1', 'cookie', 'x', 'b', '2'], body: { text: '{"a":1}' } }));
  assert.deepEqual([request.method, request.url, [...request.headers]], ['POST', 'http://a.b/c', [['b', '1, 2'], ['cookie', 'x']]]);
  assert.throws(() => request.headers.set('a', 'b'), TypeError);
  assert.deepEqual(await request.json(), { a: 1 });
  assert.equal(request.bodyUsed, true);
  assert.equal(requestFromHost(incoming({ url: 'http://a.b/x/../é' })).url, 'http://a.b/%C3%A9');
});

test('bodies come as text, bytes and streams', async () => {
  const bodies: IncomingRequest['body'][] = [{ text: 'ab' }, { bytes: encoder.encode('ab').buffer }, { stream: inbound('a', 'b') }];
  for (const body of bodies) assert.equal(await requestFromHost(incoming({ body })).text(), 'ab');
  assert.equal(requestFromHost(incoming()).body, null);
});

test('the signal is made when it is touched', () => {
  const controller = new AbortController();
  let made = 0;
  const request = requestFromHost(incoming({ signal: () => (made++, controller.signal) }));
  const { signal } = request;
  controller.abort('gone');
  assert.deepEqual([request.signal === signal, signal.reason, made], [true, 'gone', 1]);
});

test('only a usable Response goes out', async () => {
  const used = new Response('x');
  await used.text();
  const locked = new Response('x');
  locked.body!.getReader();
  for (const value of [undefined, null, 'x', {}, Object.create(Response.prototype), new globalThis.Response('x'), used, locked, Response.error()]) {
    assert.throws(() => outgoingResponse(value), TypeError);
  }
});

test('small bodies cross whole', () => {
  assert.deepEqual(outgoingResponse(new Response('hi', { status: 201, statusText: 'Yes' })), {
    status: 201,
    statusText: 'Yes',
    headers: ['content-type', 'text/plain;charset=UTF-8'],
    body: { text: 'hi' },
  });
  assert.deepEqual(outgoingResponse(new Response(encoder.encode('x'))).body, { bytes: encoder.encode('x') });
  assert.equal(outgoingResponse(new Response()).body, null);
  const sent = new Response('x');
  outgoingResponse(sent);
  assert.equal(sent.bodyUsed, true);
  assert.throws(() => outgoingResponse(sent), TypeError);
});

test('large text crosses in slices that split no surrogate pair', async () => {
  const text = `a${'😀'.repeat(100_000)}`;
  const slices = await pieces(outgoingResponse(new Response(text)).body);
  assert.ok(slices.every((slice) => typeof slice === 'string' && slice.length <= 65_536 && slice.isWellFormed()));
  assert.equal(slices.join(''), text);
});

test('large bytes cross in slices, with their length', async () => {
  const bytes = new Uint8Array(600_000).map((_, i) => i);
  const { headers, body } = outgoingResponse(new Response(bytes));
  assert.deepEqual(headers, ['content-length', '600000']);
  const slices = await pieces(body);
  assert.ok(slices.length === 3);
  assert.deepEqual(Buffer.concat(slices as Uint8Array[]), Buffer.from(bytes));
});

test('a stream of the host passes through as it is', () => {
  const stream = inbound('x');
  const request = requestFromHost(incoming({ body: { stream } }));
  const response = new Response(request.body, { headers: { a: 'b' } });
  const { body } = outgoingResponse(response);
  assert.ok(body !== null && 'source' in body);
  assert.equal(body.source, stream);
  assert.equal(request.bodyUsed, true);
});

test('a stream of a program: only bytes, errors pass on, cancelling reaches it', async () => {
  const { ReadableStream } = streamClasses();
  const stream = (chunk: unknown, cancel: (reason: unknown) => void = () => undefined): OutgoingBody =>
    outgoingResponse(new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk), cancel }))).body;
  await assert.rejects(pieces(stream('text')), TypeError);
  const cancelled: unknown[] = [];
  const body = stream(encoder.encode('x'), (reason) => cancelled.push(reason));
  assert.ok(body !== null && 'source' in body);
  assert.deepEqual(await body.source.pull(), encoder.encode('x'));
  body.source.cancel('gone');
  assert.deepEqual(cancelled, ['gone']);
});

test('a FixedLengthStream gives the Content-Length', async () => {
  const { readable, writable } = new (loadTransforms().FixedLengthStream)(3);
  const writer = writable.getWriter();
  const written = writer.write(encoder.encode('abc')).then(() => writer.close());
  const { headers, body } = outgoingResponse(new Response(readable));
  assert.deepEqual(headers, ['content-length', '3']);
  assert.deepEqual(await pieces(body), [encoder.encode('abc')]);
  await written;
});
