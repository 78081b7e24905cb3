import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testFolder } from '../util/test-folder.ts';
import { cacheFolder } from './code-cache.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function version(environment: Record<string, string>): void {
  const env = { PATH: process.env['PATH'], ...environment };
  assert.match(execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--version'], { env, encoding: 'utf8' }), /^\d/u);
}

test('the cache is where the system keeps such things', () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/caches', HOME: '/home/ann' }), '/caches/nanos');
  assert.equal(cacheFolder({ XDG_CACHE_HOME: 'caches', HOME: '/home/ann' }), '/home/ann/.cache/nanos');
  assert.equal(cacheFolder({ HOME: '' }), undefined);
  assert.equal(cacheFolder({}), undefined);
});

test('a command leaves its code for the next one, in a folder that nobody else reads', async (t) => {
  const home = await testFolder(t);
  version({ HOME: home });
  const folder = join(home, '.cache', 'nanos');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(readdirSync(folder).length, 1);
});

test('a folder that others write in is not used, nor a link, nor one that can’t be made', async (t) => {
  const home = await testFolder(t);
  const open = join(home, 'open');
  mkdirSync(join(open, 'nanos'), { recursive: true });
  chmodSync(join(open, 'nanos'), 0o777);
  mkdirSync(join(home, 'linked'));
  symlinkSync(home, join(home, 'linked', 'nanos'));
  for (const caches of [open, join(home, 'linked'), MAIN]) version({ XDG_CACHE_HOME: caches, HOME: home });
  assert.deepEqual(readdirSync(join(open, 'nanos')), []);
  assert.equal(existsSync(join(home, '.cache')), false);
  assert.deepEqual(readdirSync(home).toSorted(), ['linked', 'open']);
});
