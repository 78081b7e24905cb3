import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installStreams } from '../streams/index.ts';
import { Headers, installFetch, Response } from './index.ts';

installFetch({});
installStreams({});

const NodeResponse = globalThis.Response;

test('defaults are those of Node', () => {
  const [ours, theirs] = [new Response(), new NodeResponse()];
  for (const key of ['type', 'url', 'redirected', 'status', 'ok', 'statusText', 'body', 'bodyUsed'] as const) assert.equal(ours[key], theirs[key], key);
});

test('every status is taken or refused as in Node', () => {
  const result = (make: () => { status: number }): unknown => {
    try {
      return make().status;
    } catch (error) {
      return (error as Error).name;
    }
  };
  const statuses = [...Array.from({ length: 700 }, (_, status) => status), -1, 65_736, 200.9, NaN, Infinity, '204', '', undefined];
  for (const status of statuses) {
    for (const body of [null, 'x']) {
      const ours = result(() => new Response(body, { status }));
      assert.equal(ours, result(() => new NodeResponse(body, { status: status as number })), `${status} ${body}`);
    }
  }
  assert.throws(() => new Response(null, { status: 101 }), RangeError);
});

test('statusText must fit a status line', () => {
  for (const bad of ['a\r\nb', 'a\0', '\u0100', '\x7f']) assert.throws(() => new Response(null, { statusText: bad }), TypeError);
  assert.equal(new Response(null, { statusText: 'All good\té' }).statusText, 'All good\té');
});

test('a getter of the init that throws passes its error on', () => {
  const error = new Error('mine');
  for (const key of ['headers', 'status', 'statusText']) {
    const init = Object.defineProperty({}, key, {
      get() {
        throw error;
      },
    });
    assert.throws(() => new Response(null, init), error);
  }
  assert.throws(() => new Response(null, 1), TypeError);
});

test('a body brings its Content-Type unless there is one', () => {
  assert.equal(new Response('x').headers.get('Content-Type'), 'text/plain;charset=UTF-8');
  assert.equal(new Response('x', { headers: { 'Content-Type': 'a/b' } }).headers.get('content-type'), 'a/b');
  assert.equal(new Response(new Uint8Array(1)).headers.has('content-type'), false);
  assert.deepEqual([...new Response('x', { headers: new Headers({ b: '1' }) }).headers], [['b', '1'], ['content-type', 'text/plain;charset=UTF-8']]);
});

test('Response.json', async () => {
  const response = Response.json({ a: [1] }, { status: 201, headers: { x: 'y' } });
  assert.deepEqual([response.status, [...response.headers]], [201, [['content-type', 'application/json'], ['x', 'y']]]);
  assert.deepEqual(await response.json(), { a: [1] });
  assert.equal(Response.json(1, { headers: { 'content-type': 'a/b' } }).headers.get('content-type'), 'a/b');
  assert.throws(() => Response.json(undefined), TypeError);
  assert.throws(() => Response.json(1n), TypeError);
  assert.throws(() => Response.json({}, { status: 204 }), TypeError);
  assert.equal(Response.json.length, 1);
});

test('Response.redirect and Response.error', () => {
  const response = Response.redirect('http://a.b/x y', 301);
  assert.deepEqual([response.status, response.headers.get('location')], [301, 'http://a.b/x%20y']);
  assert.equal(Response.redirect('http://a.b').status, 302);
  assert.throws(() => response.headers.set('a', 'b'), TypeError);
  assert.throws(() => Response.redirect('http://a.b', 200), RangeError);
  assert.throws(() => Response.redirect('/relative'), TypeError);
  const error = Response.error();
  assert.deepEqual([error.type, error.status, error.ok], ['error', 0, false]);
});

test('clone', async () => {
  const response = new Response('x', { status: 404, headers: { a: 'b' } });
  const clone = response.clone();
  clone.headers.set('a', 'c');
  assert.deepEqual([response.headers.get('a'), clone.status], ['b', 404]);
  assert.deepEqual([await response.text(), await clone.text()], ['x', 'x']);
  assert.throws(() => response.clone(), TypeError);
});

test('shape', () => {
  assert.equal(Response.length, 0);
  assert.equal(Object.getOwnPropertyDescriptor(Response.prototype, 'text')?.enumerable, true);
  assert.equal(Reflect.set(new Response(), 'body', null), false);
  assert.equal(Object.prototype.toString.call(new Response()), '[object Response]');
  assert.throws(() => Reflect.get(Response.prototype, 'status'), TypeError);
});

/** Web IDL converts all arguments before anything is done with one of them. */
test('what can not be converted is told before what is out of range', () => {
  const trap = new Proxy({}, { get: () => assert.fail('trapped') });
  assert.throws(() => new Response(null, { status: 600, headers: { a: '\u{fffd}' } }), TypeError);
  assert.throws(() => new Response(null, { status: 600, statusText: '\u{fffd}' }), TypeError);
  assert.throws(() => new Response(null, { status: 600, headers: [['a']] }), RangeError);
  assert.throws(() => Response.json(undefined, trap), /trapped/);
  assert.throws(() => Response.redirect('no URL', { valueOf: () => assert.fail('trapped') }), /trapped/);
});

test('members of the init are read and converted one after the other, after the body', () => {
  const order: string[] = [];
  const noted = (name: string, value: unknown): { toString(): string } => ({ toString: () => (order.push(name), String(value)) });
  const init = { get statusText() { return order.push('read statusText'), noted('statusText', ''); }, get status() { return order.push('read status'), noted('status', 200); }, get headers() { return order.push('read headers'), { a: noted('a', 1) }; } };
  assert.equal(new Response(noted('body', 'x'), init).status, 200);
  assert.deepEqual(order, ['body', 'read headers', 'a', 'read status', 'status', 'read statusText', 'statusText']);
});
