import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { installUrl, URLSearchParams } from './index.ts';

const Platform = globalThis.URLSearchParams;
installUrl({});

/** Apart from each other, for Node decodes non-ASCII text wrongly that has percent signs in it. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('ab=&+% ?#2'), '%41', '%zz', '%e', '%c3%a9', '%f0', '*', '~', '!'), maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...Array.from('ab=&+ ?'), 'é', '😀', '\ud800', '\udc00'), maxLength: 12 }),
);

test('parsing and serialising agree with the platform', () => {
  fc.assert(
    fc.property(text, (query) => {
      const [ours, theirs] = [new URLSearchParams(query), new Platform(query)];
      assert.deepEqual([...ours], [...theirs]);
      assert.equal(String(ours), String(theirs));
      assert.equal(ours.size, theirs.size);
    }),
    { numRuns: 2000 },
  );
});

test('text beside broken percent signs stays', () => {
  assert.equal(new URLSearchParams('%😀%41').keys().next().value, '%😀A');
});

test('a list of changes agrees with the platform', () => {
  const name = fc.constantFrom('a', 'b', 'é', '\ud83d\ude00', '\uffff');
  const change = fc.record({ kind: fc.constantFrom('append', 'set', 'delete', 'deleteValue', 'sort', 'has'), name, value: fc.constantFrom('1', '2', '') });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      const both = [new URLSearchParams('b=0&a=0'), new Platform('b=0&a=0')] as const;
      for (const { kind, name: key, value } of changes) {
        const results = both.map((params) => {
          if (kind === 'append') params.append(key, value);
          else if (kind === 'set') params.set(key, value);
          else if (kind === 'delete') params.delete(key);
          else if (kind === 'deleteValue') params.delete(key, value);
          else if (kind === 'sort') params.sort();
          return [params.has(key), params.has(key, value), params.get(key), params.getAll(key), [...params.keys()], [...params.values()], params.size];
        });
        assert.deepEqual(results[0], results[1]);
      }
    }),
  );
});

test('may be made of pairs, records, iterables and other parameters', () => {
  const inits: unknown[] = [undefined, '', '?a=1', [['a', '1'], new Set(['b', '2'])], { b: 1, a: [2, 3] }, new Map([['x', 'y']]), {}, 5];
  for (const init of inits) assert.equal(String(new URLSearchParams(init)), String(new Platform(init as string)));
  assert.equal(String(new URLSearchParams(new URLSearchParams('a=1&a=2'))), 'a=1&a=2');
  assert.equal(String(new URLSearchParams(null)), 'null=');
  for (const wrong of [[['a']], [['a', 'b', 'c']], [1], Object.assign([], { [Symbol.iterator]: 5 })]) assert.throws(() => new URLSearchParams(wrong), TypeError);
});

test('iteration is live', () => {
  const params = new URLSearchParams('a=1&b=2&c=3');
  const seen: string[] = [];
  for (const [key] of params) {
    seen.push(key);
    if (key === 'a') params.delete('b');
  }
  assert.deepEqual(seen, ['a', 'c']);
  const calls: unknown[] = [];
  params.forEach(function (this: unknown, value: string, key: string, all: unknown) { calls.push(this, value, key, all); }, 7);
  assert.deepEqual(calls, [7, '1', 'a', params, 7, '3', 'c', params]);
});

test('missing arguments are TypeErrors', () => {
  const params = new URLSearchParams();
  for (const method of ['append', 'set', 'get', 'getAll', 'has', 'delete', 'forEach'] as const) assert.throws(() => Reflect.apply(params[method], params, []), TypeError);
  assert.throws(() => Reflect.apply(URLSearchParams.prototype.get, {}, ['a']), TypeError);
});
