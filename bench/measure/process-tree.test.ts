import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { cpuMs, memoryBytes, parseKilobytes, parseStat, processTree } from './process-tree.ts';

test('reads a stat line whose command has spaces and brackets', () => {
  const fields = parseStat('12 (a) b) S 7 12 12 0 -1 4194304 100 0 0 0 25 5 0 0 20 0\n');
  assert.deepEqual([fields[0], fields[1], fields[11], fields[12]], ['S', '7', '25', '5']);
});

test('reads kilobytes by their exact name', () => {
  const rollup = '5581c0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:   2000 kB\nPss:   1500 kB\nPss_Dirty:   10 kB\n';
  assert.equal(parseKilobytes(rollup, 'Pss'), 1500);
  assert.throws(() => parseKilobytes(rollup, 'Swap'), /Swap/);
});

test('counts grandchildren', { skip: process.platform !== 'linux' }, async (t) => {
  const program = "const child = require('child_process').spawn(process.execPath, ['-e', 'process.stdout.write(`up`); setInterval(() => 0, 1e6)'], { stdio: ['ignore', 'inherit', 'ignore'] }); process.on('SIGTERM', () => { child.kill('SIGKILL'); process.exit(); })";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill());
  await once(child.stdout, 'data');
  const tree = processTree(child.pid!);
  assert.equal(tree.length, 2);
  assert.equal(tree[0], child.pid);
  assert.ok(memoryBytes(child.pid!) > 2 * 1024 * 1024);
  assert.ok(cpuMs(child.pid!) > 0);
});
