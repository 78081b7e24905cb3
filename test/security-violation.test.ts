/** The example agent that tries to get out finds every way blocked, each by what its README says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NanosError } from '../src/protocol/errors.ts';
import { runCli } from '../src/cli/run-cli.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/agents/security_violation', import.meta.url));
const OUTSIDE = 'nobody reads or writes this';

/** The agent's folder with all that its README has one make, and a file beside it. */
function prepare(t: TestContext): { agent: string; outside: string; data: string } {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-violation-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [agent, outside] = [join(folder, 'agent'), join(folder, 'outside.txt')];
  cpSync(EXAMPLE, agent, { recursive: true });
  writeFileSync(outside, OUTSIDE);
  mkdirSync(join(agent, 'out'), { recursive: true });
  symlinkSync('../../outside.txt', join(agent, 'data/link'));
  symlinkSync('private/key.txt', join(agent, 'data/key'));
  symlinkSync('../../outside.txt', join(agent, 'out/link'));
  symlinkSync('../..', join(agent, 'out/folder'));
  execFileSync('mkfifo', [join(agent, 'data/pipe')]);
  writeFileSync(join(agent, 'data/.env'), 'KEY=1');
  return { agent, outside, data: join(folder, 'data') };
}

async function nanos(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const status = await runCli(argv, {
    stdout: { write: (part) => void (text.out += part) },
    stderr: { write: (part) => void (text.err += part) },
    environment: {},
    startHost: () => Promise.reject(new NanosError('internal', 'No host is started here')),
    onStopSignal: () => () => undefined,
    exit: () => undefined,
  });
  return { status, ...text };
}

test('every attempt to get out is blocked, and told', async (t) => {
  const { agent, outside, data } = prepare(t);
  const [, promised = ''] = /```text\n([^`]+)```/u.exec(readFileSync(join(EXAMPLE, 'README.md'), 'utf8')) ?? [];
  const compiled = await nanos('compile', join(agent, 'agent.ts'));
  assert.equal(compiled.status, 0, compiled.err);
  const manifest = readFileSync(join(agent, 'agent.nano'), 'utf8');
  const ran = await nanos('run', join(agent, 'agent.nano'), '--data', data);
  assert.equal(ran.status, 0, ran.err);
  const attempts = ran.err.split('\n').filter((line) => /^(?:blocked|ESCAPED) /u.test(line));
  assert.equal(`${attempts.join('\n')}\n${ran.out}`, promised);
  const denied = attempts.filter((line) => line.includes(': denied, ')).length;
  assert.equal(ran.err.split('\n').filter((line) => line.startsWith('nanos: denied: ')).length, denied);
  assert.equal(readFileSync(outside, 'utf8'), OUTSIDE);
  assert.equal(readFileSync(join(agent, 'agent.nano'), 'utf8'), manifest);
  assert.equal(readFileSync(join(agent, 'out/report.txt'), 'utf8'), 'This may be read.\n');
  assert.equal(existsSync('/var/nanos-escaped'), false);
  const replayed = await nanos('replay', 'last', '--data', data);
  assert.equal(replayed.status, 0, replayed.err);
});
