import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { testFolder } from '../util/test-folder.ts';
import { AppRunList } from './app-run-list.ts';

test('a run is its binding’s, also after a restart', async (context) => {
  const file = join(await testFolder(context, {}), 'runs.json');
  const list = await AppRunList.open(file);
  list.change(list.add('1', 'a', 'R'), { charged: 7, isOpen: true });
  list.change(list.add('2', 'a', 'R'), { charged: 0, isOpen: false });
  await list.close();
  const again = await AppRunList.open(file);
  assert.deepEqual(again.get('1', 'a', 'R'), { id: '1', app: 'a', binding: 'R', charged: 7, isOpen: true });
  assert.deepEqual(again.open('a', 'R').map(({ id }) => id), ['1']);
  for (const [id, app, binding] of [['1', 'b', 'R'], ['1', 'a', 'S'], ['3', 'a', 'R'], ['__proto__', 'a', 'R']] as const) {
    assert.throws(() => again.get(id, app, binding), { code: 'not_found' });
  }
});

test('the oldest runs of a binding are forgotten, those of others are not', async (context) => {
  const list = await AppRunList.open(join(await testFolder(context, {}), 'runs.json'));
  list.add('other', 'b', 'R');
  for (let id = 0; id <= 1_000; id++) list.add(`${id}`, 'a', 'R');
  assert.throws(() => list.get('0', 'a', 'R'), { code: 'not_found' });
  assert.equal(list.get('1', 'a', 'R').id, '1');
  assert.equal(list.get('other', 'b', 'R').id, 'other');
  await list.close();
});

test('a damaged file is no empty one', async (context) => {
  const file = join(await testFolder(context, {}), 'runs.json');
  await writeFile(file, '{"format":1}');
  await assert.rejects(AppRunList.open(file), { code: 'config_invalid' });
});
