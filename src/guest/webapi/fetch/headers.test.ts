import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { Headers, installFetch } from './index.ts';

installFetch({});

const NodeHeaders = globalThis.Headers;
type AnyHeaders = Headers | InstanceType<typeof NodeHeaders>;

const name = fc.oneof(fc.constantFrom('Accept', 'accept', 'Set-Cookie', 'set-cookie', 'X-A', 'x-a', 'b', ''), fc.string({ maxLength: 4, unit: 'binary' }));
const value = fc.oneof(fc.constantFrom('1', ' 2\t', '\r\n3', 'a, b', 'x\ny', 'x\0', 'é', '\u0100', ''), fc.string({ maxLength: 5, unit: 'binary' }));
const operation = fc.tuple(fc.constantFrom('append', 'set', 'delete', 'get', 'has'), name, value);

function run(headers: AnyHeaders, [method, key, text]: [string, string, string]): unknown {
  try {
    if (method === 'append') return headers.append(key, text);
    if (method === 'set') return headers.set(key, text);
    if (method === 'delete') return headers.delete(key);
    return method === 'get' ? headers.get(key) : headers.has(key);
  } catch (error) {
    return (error as Error).name;
  }
}

test('any sequence of operations gives what Node gives', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      const [ours, theirs] = [new Headers(), new NodeHeaders()];
      for (const step of operations) assert.equal(run(ours, step), run(theirs, step));
      assert.deepEqual([...ours], [...theirs]);
      assert.deepEqual(ours.getSetCookie(), theirs.getSetCookie());
    }),
  );
});

test('any init gives what Node gives', () => {
  const pairs = fc.array(fc.array(fc.oneof(name, value), { minLength: 1, maxLength: 3 }), { maxLength: 5 });
  fc.assert(
    fc.property(fc.oneof(pairs, fc.dictionary(name, value)), (init) => {
      const read = (make: () => AnyHeaders): unknown => {
        try {
          return [...make()];
        } catch (error) {
          return (error as Error).name;
        }
      };
      assert.deepEqual(
        read(() => new Headers(init)),
        read(() => new NodeHeaders(init as Record<string, string>)),
      );
    }),
  );
});

test('values that would split a message are refused', () => {
  const headers = new Headers();
  for (const bad of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b']) assert.throws(() => headers.set('x', bad), TypeError);
  for (const bad of ['a b', 'a:', 'a\r\n', '', 'ä', '\u0100']) assert.throws(() => headers.append(bad, 'x'), TypeError);
  assert.deepEqual([...headers], []);
});

test('init must be a sequence of pairs or a record', () => {
  for (const bad of [null, 1, 'a', [['a']], [['a', 'b', 'c']], ['ab'], { a: Symbol('s') }, { [Symbol('k')]: 'v' }]) {
    assert.throws(() => new Headers(bad), TypeError);
  }
  assert.deepEqual([...new Headers(undefined)], []);
  assert.deepEqual([...new Headers(new Headers({ b: '1', a: '2' }))], [['a', '2'], ['b', '1']]);
});

test('getters and iterators that throw pass their error on', () => {
  const error = new Error('mine');
  const thrower = (): never => {
    throw error;
  };
  assert.throws(() => new Headers({ get a(): string { return thrower(); } }), error);
  assert.throws(() => new Headers({ [Symbol.iterator]: thrower }), error);
});

test('a record is read as Web IDL says', () => {
  const log: string[] = [];
  const target = { b: '1', a: '2' };
  const proxy = new Proxy(target, {
    ownKeys: (object) => (log.push('keys'), Reflect.ownKeys(object)),
    getOwnPropertyDescriptor: (object, key) => (log.push(`own ${String(key)}`), Reflect.getOwnPropertyDescriptor(object, key)),
    get: (object, key, receiver): unknown => (log.push(`get ${String(key)}`), Reflect.get(object, key, receiver)),
  });
  assert.deepEqual([...new Headers(proxy)], [['a', '2'], ['b', '1']]);
  assert.deepEqual(log, ['get Symbol(Symbol.iterator)', 'keys', 'own b', 'get b', 'own a', 'get a']);
});

test('iteration is sorted, combined, and follows changes', () => {
  const headers = new Headers([['b', '2'], ['set-cookie', 'x=1'], ['a', '1'], ['set-cookie', 'y=2'], ['a', '3']]);
  assert.deepEqual([...headers], [['a', '1, 3'], ['b', '2'], ['set-cookie', 'x=1'], ['set-cookie', 'y=2']]);
  assert.deepEqual([...headers.keys()], ['a', 'b', 'set-cookie', 'set-cookie']);
  const seen: string[] = [];
  for (const [key] of headers) {
    if (key === 'a') headers.set('c', '9');
    seen.push(key);
  }
  assert.deepEqual(seen, ['a', 'b', 'c', 'set-cookie', 'set-cookie']);
  const visited: unknown[] = [];
  headers.forEach((headerValue: string, key: string, all: unknown) => visited.push([key, headerValue, all === headers]));
  assert.deepEqual(visited[2], ['c', '9', true]);
});

test('a hundred thousand headers take linear time and no stack', () => {
  const init: [string, string][] = [];
  for (let i = 0; i < 100_000; i++) init.push([`x-${i % 50_000}`, `${i}`]);
  const headers = new Headers(init);
  assert.equal([...headers].length, 50_000);
  assert.equal(headers.get('x-7'), '7, 50007');
});

function method(name: string): () => unknown {
  return Reflect.get(Headers.prototype, name) as () => unknown;
}

test('shape', () => {
  const descriptor = Object.getOwnPropertyDescriptor(Headers.prototype, 'append');
  assert.equal(descriptor?.enumerable, true);
  assert.equal(Headers.length, 0);
  assert.equal(Headers.prototype.append.length, 2);
  assert.equal(Headers.prototype[Symbol.iterator], Headers.prototype.entries);
  assert.equal(Object.prototype.toString.call(new Headers()), '[object Headers]');
  assert.equal(Object.prototype.toString.call(new Headers().keys()), '[object Headers Iterator]');
  assert.throws(() => Reflect.apply(method('get'), {}, ['a']), TypeError);
  assert.throws(() => Reflect.apply(method('entries'), {}, []), TypeError);
  assert.throws(() => Reflect.apply(method('get'), new Headers(), []), TypeError);
});
