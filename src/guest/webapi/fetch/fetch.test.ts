import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { FetchCall, FetchReply } from '../../../protocol/fetch-call.ts';
import { packFetchReply, unpackFetchCall } from '../../../protocol/fetch-call.ts';
import { enterAt } from '../../kernel/clock.ts';
import type { HostReply, InboundStream, OutboundSource } from '../../kernel/host-calls.ts';
import { bindHostCalls } from '../../kernel/host-calls.ts';
import { AbortController, AbortSignal } from '../dom/index.ts';
import { installStreams, streamClasses } from '../streams/index.ts';
import { fetch, installFetch, outgoingResponse, Request } from './index.ts';

installFetch({});
installStreams({});

const url = 'http://a.b/c';
const encoder = new TextEncoder();

/** The host's side, as data. */
interface Sent extends FetchCall {
  buffers: Uint8Array[];
  cancelled: boolean;
}
let sent: Sent[] = [];
let outbound: OutboundSource[] = [];
let inbound: InboundStream;
let answer: (call: Sent) => Promise<HostReply> = () => Promise.reject(new Error('not set'));

bindHostCalls({
  call(name, fields, buffers = []) {
    assert.equal(name, 'fetch');
    const copies = buffers.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice());
    const call: Sent = { ...unpackFetchCall(fields), buffers: copies, cancelled: false };
    sent.push(call);
    return { reply: answer(call), cancel: () => void (call.cancelled = true) };
  },
  inbound: () => inbound,
  outbound: (source) => outbound.push(source),
  log: () => undefined,
  currentRequest: () => 0,
  randomFill: (bytes) => void bytes.fill(7),
});

function reply(overrides: Partial<FetchReply> = {}, buffers: ArrayBuffer[] = []): () => Promise<HostReply> {
  const base: FetchReply = { status: 200, statusText: 'OK', url, redirected: false, body: { kind: 'none', value: '' }, headers: [] };
  return async () => ({ fields: packFetchReply({ ...base, ...overrides }), buffers });
}

/** A stream of the host that notes what is done to it. */
function hostStream(...chunks: (string | Error)[]): InboundStream & { cancelled: boolean } {
  return {
    cancelled: false,
    async pull() {
      const chunk = chunks.shift();
      if (chunk instanceof Error) throw chunk;
      return chunk === undefined ? null : encoder.encode(chunk);
    },
    cancel() {
      this.cancelled = true;
    },
  };
}

test('fetch at top level throws', () => {
  assert.throws(() => fetch(url), /global scope/);
});

test('after the first entry', async (t) => {
  enterAt(1);
  beforeEach(() => {
    sent = [];
    outbound = [];
    answer = reply();
  });

  await t.test('method, headers, redirect mode and body cross', async () => {
    const response = await fetch('http://a.b/c#f', { method: 'put', body: 'é', headers: { 'X-A': '1' }, redirect: 'manual' });
    assert.deepEqual([response.status, response.statusText, response.type, response.url, response.body], [200, 'OK', 'basic', url, null]);
    const [call] = sent;
    assert.deepEqual(
      { ...call },
      {
        method: 'PUT',
        url: 'http://a.b/c#f',
        redirect: 'manual',
        body: { kind: 'text', value: 'é' },
        headers: ['x-a', '1', 'content-type', 'text/plain;charset=UTF-8'],
        buffers: [],
        cancelled: false,
      },
    );
    await fetch(url, { method: 'POST', body: encoder.encode('bytes') });
    assert.deepEqual([sent[1]?.body, sent[1]?.buffers], [{ kind: 'buffer', value: '0' }, [encoder.encode('bytes')]]);
  });

  await t.test('a stream is sent as a source, its failures pass on', async () => {
    const error = new Error('mine');
    let step = 0;
    const body = new (streamClasses().ReadableStream)({
      pull(controller) {
        if (step++ === 0) controller.enqueue(encoder.encode('x'));
        else controller.error(error);
      },
    });
    await fetch(url, { method: 'POST', body });
    assert.deepEqual(sent[0]?.body, { kind: 'stream', value: '1' });
    const [source] = outbound;
    assert.deepEqual(await source?.pull(), encoder.encode('x'));
    await assert.rejects(source!.pull(), error);
  });

  await t.test('answers as text, bytes and streams', async () => {
    answer = reply({ body: { kind: 'text', value: '{"a":1}' }, headers: ['content-type', 'application/json'] });
    const response = await fetch(url);
    assert.throws(() => response.headers.set('a', 'b'), TypeError);
    assert.deepEqual(await response.json(), { a: 1 });
    answer = reply({ body: { kind: 'buffer', value: '1' }, redirected: true, url: 'http://x.y/#z' }, [new ArrayBuffer(0), encoder.encode('two').buffer]);
    const second = await fetch(url);
    assert.deepEqual([await second.text(), second.redirected, second.url], ['two', true, 'http://x.y/']);
    inbound = hostStream('a', 'b');
    answer = reply({ body: { kind: 'stream', value: '5' } });
    assert.equal(await (await fetch(url)).text(), 'ab');
    inbound = hostStream('a', new TypeError('connection lost'));
    await assert.rejects((await fetch(url)).text(), /connection lost/);
    inbound = hostStream('a', new TypeError('connection lost'));
    const reader = (await fetch(url)).body!.getReader();
    await reader.read();
    await assert.rejects(reader.read(), /connection lost/);
    answer = reply({ status: 204, body: { kind: 'text', value: 'not allowed' } });
    assert.equal((await fetch(url)).body, null);
  });

  await t.test('a fetched stream passes through untouched', async () => {
    inbound = hostStream('a');
    answer = reply({ body: { kind: 'stream', value: '5' } });
    const body = outgoingResponse(await fetch(url)).body;
    assert.ok(body !== null && 'source' in body);
    assert.equal(body.source, inbound);
  });

  await t.test('failures of the host reject', async () => {
    answer = () => Promise.reject(new TypeError('refused'));
    await assert.rejects(fetch(url), /refused/);
    answer = async () => ({ fields: ['nonsense'], buffers: [] });
    await assert.rejects(fetch(url), RangeError);
  });

  await t.test('what can not be fetched is a TypeError', async () => {
    const used = new Request(url, { method: 'POST', body: 'x' });
    await used.text();
    for (const input of ['/relative', 'ftp://a.b/', 'file:///etc/passwd', 'http://u:p@a.b/', used, 'blob:x', 'about:blank', 'data:no-comma', 'data:;base64,*']) {
      await assert.rejects(fetch(input), TypeError);
    }
    for (const method of ['CONNECT', 'TRACE', 'TRACK']) await assert.rejects(fetch(url, { method }), TypeError);
    await assert.rejects(Reflect.apply(fetch, undefined, []) as Promise<unknown>, TypeError);
    assert.deepEqual(sent, []);
  });

  await t.test('data URLs are answered here', async () => {
    const response = await fetch('data:text/html;charset=utf-8,%3Cp%3E%C3%A9#x');
    assert.deepEqual([response.status, response.headers.get('content-type'), await response.text()], [200, 'text/html;charset=utf-8', '<p>é']);
    assert.equal(await (await fetch('data:;base64,aGk=')).text(), 'hi');
    assert.equal((await fetch('data:,x', { method: 'HEAD' })).body, null);
    assert.equal((await fetch('data:,x')).headers.get('content-type'), 'text/plain;charset=US-ASCII');
    assert.deepEqual(sent, []);
  });

  await t.test('a signal aborted before: nothing is sent', async () => {
    await assert.rejects(fetch(url, { signal: AbortSignal.abort('why') }), (reason) => reason === 'why');
    assert.deepEqual(sent, []);
  });

  await t.test('a signal aborted while waiting cancels the call and the body', async () => {
    const controller = new AbortController();
    const cancelled: unknown[] = [];
    const body = new (streamClasses().ReadableStream)({ cancel: (reason) => void cancelled.push(reason) });
    answer = () => new Promise(() => undefined);
    const fetching = fetch(new Request(url, { signal: controller.signal, method: 'POST', body }));
    await Promise.resolve();
    controller.abort('why');
    await assert.rejects(fetching, (reason) => reason === 'why');
    assert.equal(sent[0]?.cancelled, true);
    assert.deepEqual(cancelled, ['why']);
  });

  await t.test('a signal aborted after a body that came whole ends it, unless it was empty or read', async () => {
    for (const value of ['text', '']) {
      const controller = new AbortController();
      answer = reply({ body: { kind: 'text', value } });
      const [unread, opened, cloned, read] = await Promise.all([1, 2, 3, 4].map(() => fetch(url, { signal: controller.signal })));
      const stream = opened!.body!;
      const clone = cloned!.clone();
      assert.equal(await read!.text(), value);
      controller.abort('why');
      for (const response of [unread!, opened!, clone]) {
        if (value === '') assert.equal(await response.text(), '');
        else await assert.rejects(response.text(), (reason) => reason === 'why');
      }
      if (value !== '') await assert.rejects(stream.getReader().read(), (reason) => reason === 'why');
      await assert.rejects(read!.text(), TypeError);
    }
  });

  await t.test('a signal aborted after the headers fails the body', async () => {
    for (const read of ['text', 'stream'] as const) {
      const controller = new AbortController();
      const stream = { ...hostStream(), pull: () => new Promise<null>(() => undefined), cancelled: false };
      inbound = stream;
      answer = reply({ body: { kind: 'stream', value: '5' } });
      const response = await fetch(url, { signal: controller.signal });
      const reading = read === 'text' ? response.text() : response.body!.getReader().closed;
      controller.abort('why');
      await assert.rejects(reading, (reason) => reason === 'why');
      assert.equal(stream.cancelled, true);
    }
  });

  await t.test('a finished body no longer listens', async () => {
    const controller = new AbortController();
    const stream = hostStream('x');
    inbound = stream;
    answer = reply({ body: { kind: 'stream', value: '5' } });
    const response = await fetch(url, { signal: controller.signal });
    assert.equal(await response.text(), 'x');
    controller.abort();
    assert.equal(stream.cancelled, false);
  });
});
