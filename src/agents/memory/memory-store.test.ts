import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { MemoryStore } from './memory-store.ts';

function dataDir(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('what was stored is there for the next run, under its key', (t) => {
  const data = dataDir(t);
  const memory = new MemoryStore(data, { name: 'a', folder: '/x' });
  assert.equal(memory.get('colour'), undefined);
  assert.ok(memory.store('colour', 'The sky is blue', 1));
  assert.ok(memory.store('colour', 'The sky is grey', 2));
  const again = new MemoryStore(data, { name: 'a', folder: '/x' });
  assert.equal(again.get('colour'), 'The sky is grey');
  assert.deepEqual(again.search('blue', 5), []);
  for (const name of readdirSync(join(data, 'memory'))) assert.equal(statSync(join(data, 'memory', name)).mode & 0o777, 0o600);
});

test('an agent of another name, or in another folder, has another memory', (t) => {
  const data = dataDir(t);
  new MemoryStore(data, { name: 'a', folder: '/x' }).store('k', 'mine', 1);
  for (const other of [{ name: 'b', folder: '/x' }, { name: 'a', folder: '/y' }]) {
    const memory = new MemoryStore(data, other);
    assert.deepEqual([memory.get('k'), memory.search('mine', 5)], [undefined, []]);
  }
});

test('a query finds the texts with most of its words, whatever else stands in it', (t) => {
  const memory = new MemoryStore(dataDir(t), { name: 'a', folder: '/x' });
  memory.store('1', 'Ada likes green tea', 1);
  memory.store('2', 'Grace likes coffee', 2);
  memory.store('3', 'The café opens at nine', 3);
  assert.deepEqual(memory.search('green tea', 1), ['Ada likes green tea']);
  assert.deepEqual(memory.search('What does Grace drink?', 5), ['Grace likes coffee']);
  assert.deepEqual(memory.search('CAFE', 5), ['The café opens at nine']);
  assert.equal(memory.search('likes', 5).length, 2);
  for (const query of ['', '"', '* OR', 'value:x" NEAR(', '\0', "'; DROP TABLE memory; --"]) assert.deepEqual(memory.search(query, 5), [], query);
  assert.equal(memory.get('1'), 'Ada likes green tea');
});

test('with vectors, what means the same is found without a word of it, and both rankings count', (t) => {
  const memory = new MemoryStore(dataDir(t), { name: 'a', folder: '/x' });
  const near = (...vector: number[]) => ({ model: 'm', vector });
  memory.store('1', 'The cat sleeps', 1, near(1, 0, 0));
  memory.store('2', 'Bread is in the oven', 2, near(0, 1, 0));
  memory.store('3', 'The dog sleeps', 3, near(0.9, 0.1, 0));
  assert.deepEqual(memory.search('kitten', 1), []);
  assert.deepEqual(memory.search('kitten', 2, near(1, 0, 0)), ['The cat sleeps', 'The dog sleeps']);
  assert.deepEqual(memory.search('oven dog', 1, near(0.95, 0.05, 0)), ['The dog sleeps']);
  // by words alone the shorter text comes first
  assert.deepEqual(memory.search('sleeps', 9, near(0, 0, 1)).toSorted(), ['The cat sleeps', 'The dog sleeps']);
});

test('vectors of another model, of another length, and of a text that is gone, are not compared', (t) => {
  const memory = new MemoryStore(dataDir(t), { name: 'a', folder: '/x' });
  memory.store('1', 'one', 1, { model: 'old', vector: [1, 0] });
  memory.store('2', 'two', 2, { model: 'new', vector: [1, 0, 0] });
  memory.store('3', 'three', 3, { model: 'new', vector: [1, 0] });
  memory.store('4', 'four', 4, { model: 'new', vector: [1, 0] });
  assert.deepEqual(memory.search('?', 9, { model: 'new', vector: [1, 0] }).toSorted(), ['four', 'three']);
  memory.store('3', 'three again', 5);
  assert.deepEqual(memory.search('?', 9, { model: 'new', vector: [1, 0] }), ['four']);
  assert.deepEqual(memory.search('again', 9, { model: 'new', vector: [1, 0] }).toSorted(), ['four', 'three again']);
  memory.store('4', 'four elsewhere', 6, { model: 'new', vector: [-1, 0] });
  assert.deepEqual(memory.search('?', 9, { model: 'new', vector: [1, 0] }), []);
});

test('a memory that agents share is the same for all that name it, and for no other', (t) => {
  const data = dataDir(t);
  new MemoryStore(data, { name: 'a', folder: '/x', sharedMemory: 'team' }).store('k', 'ours', 1);
  assert.equal(new MemoryStore(data, { name: 'b', folder: '/y', sharedMemory: 'team' }).get('k'), 'ours');
  for (const other of [{ name: 'a', folder: '/x' }, { name: 'a', folder: '/x', sharedMemory: 'others' }, { name: 'shared', folder: '/team' }]) assert.equal(new MemoryStore(data, other).get('k'), undefined);
});
