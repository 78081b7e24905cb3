import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { Blob, File } from '../file-api/index.ts';
import { FormData, installXhr } from './index.ts';

installXhr({});

const NodeFormData = globalThis.FormData;

test('any sequence of operations gives what Node gives', () => {
  const name = fc.constantFrom('a', 'b', 'c', '\ud800');
  const operation = fc.tuple(fc.constantFrom('append', 'set', 'delete'), name, fc.string({ unit: 'binary', maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
      const [ours, theirs] = [new FormData(), new NodeFormData()];
      for (const [method, key, value] of operations) {
        for (const form of [ours, theirs]) {
          if (method === 'append') form.append(key, value);
          else if (method === 'set') form.set(key, value);
          else form.delete(key);
        }
      }
      assert.deepEqual([...ours], [...theirs]);
      for (const key of ['a', 'b', 'd']) assert.deepEqual([ours.get(key), ours.getAll(key), ours.has(key)], [theirs.get(key), theirs.getAll(key), theirs.has(key)]);
    }),
  );
});

test('a Blob becomes a File', () => {
  const form = new FormData();
  form.append('a', new Blob(['x'], { type: 'text/x' }));
  form.append('b', new Blob(['x']), 'name');
  const file = new File(['y'], 'own', { type: 'text/y', lastModified: 5 });
  form.append('c', file);
  form.append('d', file, 'other');
  const seen = [...form.values()].map((value) => (typeof value === 'string' ? value : [value.name, value.type, value.lastModified]));
  assert.deepEqual(seen, [['blob', 'text/x', 0], ['name', '', 0], ['own', 'text/y', 5], ['other', 'text/y', 5]]);
  assert.equal(form.get('c'), file);
});

test('a file name goes with a Blob only', () => {
  const form = new FormData();
  assert.throws(() => form.append('a', 'x', 'name'), TypeError);
  assert.throws(() => form.set('a', {}, undefined), TypeError);
  assert.throws(() => Reflect.apply(Reflect.get(form, 'append') as () => unknown, form, ['a']), TypeError);
  assert.throws(() => new FormData({}), TypeError);
  assert.deepEqual([...form], []);
});

test('iteration follows changes', () => {
  const form = new FormData();
  form.append('a', '1');
  const seen: string[] = [];
  for (const [key] of form) {
    if (seen.length < 3) form.append(`${key}a`, '');
    seen.push(key);
  }
  assert.deepEqual(seen, ['a', 'aa', 'aaa', 'aaaa']);
  assert.equal(FormData.prototype[Symbol.iterator], FormData.prototype.entries);
  assert.throws(() => Reflect.apply(Reflect.get(FormData.prototype, 'keys') as () => unknown, {}, []), TypeError);
});
