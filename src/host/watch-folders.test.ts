import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FolderWatcher } from './watch-folders.ts';

/** What is reported of watches that fail with these codes, one after the other, and with none where it says so. */
function reported(codes: readonly (string | undefined)[]): string[] {
  const queue = [...codes];
  const failures: string[] = [];
  const watcher = new FolderWatcher(
    () => undefined,
    (key, { code, message }) => failures.push(`${key} ${code}: ${message}`),
    () => {
      const code = queue.shift();
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return { on: () => undefined, close: () => undefined };
    },
  );
  codes.forEach((_, index) => watcher.set(`app-${index}`, new Set([`/apps/${index}`])));
  watcher.close();
  return failures;
}

test('that the machine allows no more watches is said once, with the setting to raise', () => {
  const failures = reported([undefined, 'ENOSPC', 'ENOSPC', 'EMFILE', 'ENOSPC']);
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /^app-1 watch_limit: .*\/apps\/1.*fs\.inotify\.max_user_watches/u);
});

test('and again after there was room for some', () => {
  assert.deepEqual(reported(['ENOSPC', undefined, 'ENOSPC']).map((text) => text.split(' ')[0]), ['app-0', 'app-2']);
});

test('a folder that is not there is said each time', () => {
  const failures = reported(['ENOENT', 'ENOENT']);
  assert.equal(failures.length, 2);
  assert.match(failures[1] ?? '', /\/apps\/1 are not noticed: ENOENT/u);
});
