import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const linux = { skip: process.platform === 'linux' ? false : 'it looks at processes in /proc' };
const SCOPE = JSON.stringify(new URL('bench-scope.ts', import.meta.url).href);

/** A process that opens a scope, starts a shell with a child in it, and then ends as `end` says. */
async function abandoned(end: string): Promise<{ folder: string; pids: number[] }> {
  const program = `
    const { BenchScope } = await import(${SCOPE});
    const scope = new BenchScope(new AbortController().signal);
    const { child } = scope.start('/bin/sh', ['-c', 'sleep 600 & echo $$ $!; wait'], ['ignore', 'pipe', 'pipe']);
    child.stdout.once('data', (text) => {
      process.stdout.write(scope.folder + ' ' + text);
      setTimeout(() => { ${end} }, 50);
    });`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  await exited;
  const [folder = '', ...pids] = line.split(' ');
  return { folder, pids: pids.map(Number) };
}

const ENDS = { 'by itself': 'process.exit(1);', 'by an error': "throw new Error('on purpose');" };

for (const [how, end] of Object.entries(ENDS)) {
  test(`a process that ends ${how} without closing its scope leaves no process and no folder`, linux, async () => {
    const { folder, pids } = await abandoned(end);
    assert.equal(pids.length, 2);
    for (let tries = 0; tries < 200 && pids.some((pid) => existsSync(`/proc/${pid}/exe`)); tries++) await sleep(20);
    assert.deepEqual(pids.filter((pid) => existsSync(`/proc/${pid}/exe`)), []);
    assert.ok(folder.length > 0 && !existsSync(folder));
  });
}
