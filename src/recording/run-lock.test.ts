import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isRunLocked, takeRunLock } from './run-lock.ts';

function journals(context: TestContext, count: number): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-locks-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return Array.from({ length: count }, (_, index) => join(folder, `${index}.sqlite`));
}

/** What another process finds. */
function lockedElsewhere(files: readonly string[]): boolean[] {
  const source = `import { isRunLocked } from ${JSON.stringify(new URL('./run-lock.ts', import.meta.url).href)}; console.log(JSON.stringify(${JSON.stringify(files)}.map(isRunLocked)));`;
  return JSON.parse(execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', source], { encoding: 'utf8' })) as boolean[];
}

test('many locks, more than one connection holds, are each held and given up alone', (context) => {
  const files = journals(context, 25);
  const locks = files.map(takeRunLock);
  assert.ok(lockedElsewhere(files).every(Boolean));
  assert.ok(files.every(isRunLocked));
  for (const file of files) assert.throws(() => takeRunLock(file), { code: 'run_in_use' });

  const isOdd = (_: unknown, index: number): boolean => index % 2 === 1;
  for (const lock of locks.filter(isOdd)) lock.release(false);
  assert.deepEqual(lockedElsewhere(files), files.map((_, index) => index % 2 === 0));

  const again = files.filter(isOdd).map(takeRunLock);
  for (const lock of locks.filter(isOdd)) lock.release(false);
  assert.ok(lockedElsewhere(files).every(Boolean), 'a lock that is given up twice frees nobody else');
  for (const lock of [...locks, ...again]) lock.release(true);
  assert.deepEqual(files.map(isRunLocked), files.map(() => false));
});

test('a lock is a private file, which goes when the run is over', (context) => {
  const [file] = journals(context, 1);
  const lock = takeRunLock(file!);
  const lockFile = file!.replace('.sqlite', '.lock');
  assert.equal(statSync(lockFile).mode & 0o777, 0o600);
  lock.release(true);
  assert.equal(existsSync(lockFile), false);
});
