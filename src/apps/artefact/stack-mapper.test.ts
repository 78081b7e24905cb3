import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadSourceMap } from './load-source-map.ts';
import { StackMapper } from './stack-mapper.ts';

/** Line 2, column 1 of the script is line 3, column 5 of src/index.ts; line 2, column 11 is line 7, column 1. */
const map = JSON.stringify({ version: 3, sources: ['src/index.ts'], names: [], mappings: ';AAEI,UAIJ' });

test('places in the script become places in the sources', () => {
  const mapper = new StackMapper(map);
  assert.deepEqual(mapper.position(2, 1), { file: 'src/index.ts', line: 3, column: 5 });
  assert.equal(mapper.position(1, 1), undefined);
  assert.equal(mapper.position(0, 0), undefined);
});

test('a stack is mapped frame by frame; others’ frames stay', () => {
  const stack = 'Error: see my-app.js:2:1\n    at f (app.js:2:11)\n    at app.js:2:1\n    at nanos:api:1:5';
  const mapper = new StackMapper(map);
  assert.equal(mapper.mapStack(stack), 'Error: see my-app.js:2:1\n    at f (src/index.ts:7:1)\n    at src/index.ts:3:5\n    at nanos:api:1:5');
  assert.deepEqual(mapper.positionInStack(stack), { file: 'src/index.ts', line: 7, column: 1 });
  assert.equal(mapper.positionInStack('no frame at all'), undefined);
});

test('a missing or damaged map maps nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-map-'));
  t.after(() => rm(folder, { recursive: true }));
  assert.equal((await loadSourceMap(join(folder, 'none'))).mapStack('at app.js:2:1'), 'at app.js:2:1');
  await writeFile(join(folder, 'bad'), '{"version":3');
  assert.equal((await loadSourceMap(join(folder, 'bad'))).mapStack('at app.js:2:1'), 'at app.js:2:1');
  await writeFile(join(folder, 'good'), map);
  assert.equal((await loadSourceMap(join(folder, 'good'))).mapStack('at app.js:2:1'), 'at src/index.ts:3:5');
});
