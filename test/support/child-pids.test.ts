import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { childPids, childPidsWith } from './child-pids.ts';
import { ifThere } from './if-there.ts';

const linux = { skip: existsSync('/proc/self/task') ? false : 'needs /proc' };

test('children come and go while they are looked at', linux, async () => {
  const all = Array.from({ length: 30 }, (_, index) => spawn('/bin/sleep', [`0.${String(index).padStart(2, '0')}`], { stdio: 'ignore' }));
  const pids = all.map(({ pid }) => pid);
  assert.deepEqual(childPidsWith(process.pid, 'sleep').filter((pid) => !pids.includes(pid)), []);
  let isOver = false;
  const over = Promise.all(all.map((child) => once(child, 'exit'))).then(() => (isOver = true));
  while (!isOver) {
    childPidsWith(process.pid, 'sleep');
    await new Promise(setImmediate);
  }
  await over;
  assert.deepEqual(childPids(process.pid).filter((pid) => pids.includes(pid)), []);
  assert.deepEqual(childPids(all[0]!.pid!), []);
});

test('only what is gone is taken as gone', () => {
  assert.equal(ifThere(() => 7), 7);
  assert.throws(() => ifThere(() => assert.fail('something else')), /something else/);
});
