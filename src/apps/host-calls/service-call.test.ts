import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppHandler, AppRequest, ResponseSink } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import { packFetchCall, unpackFetchReply } from '../../protocol/fetch-call.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { ByteReader } from '../run/guest-streams.ts';
import type { HostCallContext } from '../run/host-call.ts';
import { serviceCall } from './service-call.ts';

interface World {
  context: HostCallContext;
  offered: ByteReader[];
  abort: AbortController;
  subrequests: number;
}

function worldOf(depth = 0, body: ByteReader | undefined = undefined): World {
  const abort = new AbortController();
  const world: World = { offered: [], abort, subrequests: 0, context: undefined as unknown as HostCallContext };
  const context: Partial<HostCallContext> = {
    app: 'front',
    bindings: { BACK: { type: 'service', service: 'back' }, DENIED: { type: 'service', refused: 'why not' }, MODEL: { type: 'llm' } },
    requestId: 'r1',
    depth,
    signal: abort.signal,
    countSubrequest: () => void world.subrequests++,
    chargeCpu: () => undefined,
    offerStream: (reader) => world.offered.push(reader),
    readStream: () => body!,
  };
  world.context = context as HostCallContext;
  return world;
}

function fields(url = 'http://x/', method = 'GET', headers: string[] = [], body: Parameters<typeof packFetchCall>[0]['body'] = { kind: 'none', value: '' }): string[] {
  return ['BACK', ...packFetchCall({ method, url, redirect: 'follow', body, headers })];
}

function callTo(handle: AppHandler['handle'], bodyBytesMax = 100): ReturnType<typeof serviceCall> {
  return serviceCall((app) => (app === 'back' ? { handler: { handle }, bodyBytesMax } : undefined));
}

const ok = { status: 200, statusText: 'OK', headers: ['x-a', 'b'] };

test('a request reaches the other app as it is, one deeper, and counts', async () => {
  const seen: AppRequest[] = [];
  const world = worldOf(2);
  const call = callTo((request, sink) => {
    seen.push(request);
    sink.respond(ok, 'text');
  });
  const reply = unpackFetchReply((await call(world.context, 'service', fields('http://a.com/b?c', 'PUT', ['x-b', 'c'], { kind: 'text', value: 'é' }), [])).fields.map(String));
  assert.deepEqual([reply.status, reply.headers, reply.body], [200, ['x-a', 'b'], { kind: 'text', value: 'text' }]);
  const [{ requestId, method, url, headers, body, depth }] = seen as [AppRequest];
  assert.deepEqual({ requestId, method, url, headers, body: Buffer.from(body as Uint8Array).toString(), depth }, { requestId: 'r1', method: 'PUT', url: 'http://a.com/b?c', headers: ['x-b', 'c'], body: 'é', depth: 3 });
  assert.equal(world.subrequests, 1);
});

test('a body streams, held back as it is taken, and an end too early is an error', async () => {
  let sink: ResponseSink | undefined;
  const world = worldOf();
  const reply = await callTo((_request, given) => {
    sink = given;
    given.start(ok);
  })(world.context, 'service', fields(), []);
  assert.equal(unpackFetchReply(reply.fields.map(String)).body.kind, 'stream');
  const [reader] = world.offered as [ByteReader];
  assert.equal(sink!.write(Buffer.from('a')), true);
  assert.equal(String(await reader.read()), 'a');
  const full = sink!.write(Buffer.alloc(HOST_LIMITS.streamWindowBytes));
  assert.notEqual(full, true);
  await Promise.all([reader.read(), full]);
  sink!.fail(new NanosError('app_threw', 'half-way'));
  await assert.rejects(reader.read(), /half-way/);
});

test('a caller that stops reading, or goes, is told to the other app', async () => {
  let gone = 0;
  let sink: ResponseSink | undefined;
  const call = callTo((_request, given) => {
    sink = given;
    given.onClientGone(() => gone++);
  });
  const world = worldOf();
  const waiting = call(world.context, 'service', fields(), []);
  world.abort.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  const other = worldOf();
  const replied = call(other.context, 'service', fields(), []);
  sink!.start(ok);
  await replied;
  other.offered[0]!.cancel();
  await assert.rejects(sink!.write('x') as Promise<void>);
  assert.equal(gone, 2);
});

test('HEAD and statuses without a body have none', async () => {
  for (const [method, status] of [['HEAD', 200], ['GET', 204], ['GET', 304]] as const) {
    const reply = await callTo((_request, sink) => void sink.respond({ ...ok, status }, 'text'))(worldOf().context, 'service', fields('http://x/', method), []);
    assert.equal(unpackFetchReply(reply.fields.map(String)).body.kind, 'none');
  }
});

test('errors of the other app', async () => {
  const failing = callTo((_request, sink) => sink.fail(new NanosError('cpu_limit', 'too long')));
  await assert.rejects(failing(worldOf().context, 'service', fields(), []), { code: 'cpu_limit' });
  for (const head of [{ ...ok, status: 99 }, { ...ok, status: 600 }, { ...ok, headers: ['x-a', 'b\nc: d'] }, { ...ok, headers: ['bad name', ''] }, { ...ok, statusText: '\r' }]) {
    await assert.rejects(callTo((_request, sink) => void sink.respond(head, null))(worldOf().context, 'service', fields(), []), { code: 'app_threw' });
  }
});

test('who may call whom, and how deep', async () => {
  const call = callTo((_request, sink) => void sink.respond(ok, null));
  const denied = (binding: string): Promise<unknown> => call(worldOf().context, 'service', [binding, ...fields().slice(1)], []);
  for (const binding of ['DENIED', 'MODEL', 'UNHEARD', 'constructor', '']) await assert.rejects(denied(binding), { code: 'binding_not_granted' }, binding);
  await call(worldOf(HOST_LIMITS.serviceDepthMax - 1).context, 'service', fields(), []);
  await assert.rejects(call(worldOf(HOST_LIMITS.serviceDepthMax).context, 'service', fields(), []), { code: 'subrequest_limit' });
  await assert.rejects(serviceCall(() => undefined)(worldOf().context, 'service', fields(), []), { code: 'app_not_found' });
});

test('what is no HTTP request is refused', async () => {
  const call = callTo(() => assert.fail('reached the app'));
  const wrong = [fields('/relative'), fields('file:///etc/passwd'), fields('http://'), fields('http://x/', 'GET X'), fields('http://x/', 'GET', ['A', 'b']), fields('http://x/', 'GET', ['a', 'b\r\nc: d']), fields('http://x/', 'GET', ['a', '\u0100'])];
  for (const given of wrong) await assert.rejects(call(worldOf().context, 'service', given, []), TypeError, given.join());
  await assert.rejects(call(worldOf().context, 'service', ['BACK'], []), RangeError);
});

test('the body is bounded by what the other app takes', async () => {
  const readAll = callTo((request, sink) => {
    const { body } = request;
    if (body === null || body instanceof Uint8Array) return void sink.respond(ok, null);
    const read = async (): Promise<void> => {
      while ((await body.read()) !== null);
    };
    read().then(() => sink.respond(ok, null), (error: NanosError) => sink.fail(error));
  }, 10);
  const chunksOf = (...chunks: number[]): ByteReader => ({ read: async () => (chunks.length === 0 ? null : new Uint8Array(chunks.shift()!)), cancel: () => undefined });
  const stream = { kind: 'stream', value: '1' } as const;
  await readAll(worldOf(0, chunksOf(5, 5)).context, 'service', fields('http://x/', 'POST', [], stream), []);
  await assert.rejects(readAll(worldOf(0, chunksOf(5, 6)).context, 'service', fields('http://x/', 'POST', [], stream), []), { code: 'body_too_large' });
  await assert.rejects(readAll(worldOf().context, 'service', fields('http://x/', 'POST', [], { kind: 'text', value: 'x'.repeat(11) }), []), { code: 'body_too_large' });
});
