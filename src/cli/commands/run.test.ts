import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NanosError } from '../../protocol/errors.ts';
import type { CliIo } from '../cli-io.ts';
import { runCli } from '../run-cli.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/agents', import.meta.url));
const NANOS = fileURLToPath(new URL('../../../bin/nanos', import.meta.url));

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with the example agent `secret` in it, compiled, and a command line. */
async function prepare(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-cli-run-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['agent.ts', 'agent.nano', 'instruction.txt']) copyFileSync(join(EXAMPLES, 'secret', name), join(folder, name));
  let stop: () => void = () => undefined;
  const nanos = async (...argv: string[]): Promise<Ran> => {
    const text = { out: '', err: '' };
    const io: CliIo = {
      stdout: { write: (part) => void (text.out += part) },
      stderr: { write: (part) => void (text.err += part) },
      environment: {},
      startHost: () => Promise.reject(new NanosError('internal', 'No host is started here')),
      onStopSignal: (listener) => {
        stop = listener;
        return () => undefined;
      },
      exit: () => undefined,
    };
    return { status: await runCli([...argv, ...(['run', 'replay', 'runs'].includes(argv[0] ?? '') ? ['--data', join(folder, 'data')] : [])], io), ...text };
  };
  const compiled = await nanos('compile', join(folder, 'agent.ts'));
  assert.equal(compiled.status, 0, compiled.err);
  return { folder, manifest: join(folder, 'agent.nano'), nanos, stop: () => stop() };
}

function json(text: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text);
  assert.ok(typeof parsed === 'object' && parsed !== null);
  return Object.fromEntries(Object.entries(parsed));
}

describe('nanos run and nanos replay', () => {
  it('run an agent, say what it may do first, and replay and fork it', async (t) => {
    const { folder, manifest, nanos } = await prepare(t);
    const ran = await nanos('run', manifest);
    assert.equal(ran.status, 0, ran.err);
    assert.equal(ran.out, 'The secret is in secret.txt: 13 characters\n');
    assert.ok(ran.err.indexOf('reads      instruction.txt') < ran.err.indexOf('Goal: Read'), ran.err);
    assert.equal(readFileSync(join(folder, 'secret.txt'), 'utf8'), '7-blue-herons\n');

    rmSync(join(folder, 'instruction.txt'));
    const replayed = await nanos('replay', 'last', '--json');
    assert.equal(replayed.status, 0, replayed.err);
    assert.deepEqual([json(replayed.out)['same'], json(replayed.out)['end'], json(replayed.out)['steps']], [true, 'done', 2]);

    const forked = await nanos('replay', 'last', '--at', '1', '--edit', '"The secret is 12"', '--json');
    assert.equal(forked.status, 0, forked.err);
    assert.match(forked.err, /not undone: step 2, fs_write .*secret\.txt/u);
    assert.equal(json(forked.out)['message'], 'The secret is in secret.txt: 2 characters');
    assert.equal(readFileSync(join(folder, 'secret.txt'), 'utf8'), '12\n');
  });

  it('end with status 1 when the agent fails, and name the line', async (t) => {
    const { folder, manifest, nanos } = await prepare(t);
    writeFileSync(join(folder, 'instruction.txt'), 'nothing to see');
    const ran = await nanos('run', manifest, '--json');
    assert.equal(ran.status, 1);
    assert.deepEqual([json(ran.out)['end'], json(ran.out)['steps']], ['agent_threw', 1]);
    assert.match(String(json(ran.out)['message']), /The instruction names no secret[^]*agent\.ts:8:\d+/u);
    assert.match(ran.err, /\(agent_threw\)\n/u);
  });

  it('report what is denied', async (t) => {
    const { manifest, nanos } = await prepare(t);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('fs_write: [secret.txt]', 'fs_write: []'));
    const ran = await nanos('run', manifest);
    assert.equal(ran.status, 1);
    assert.match(ran.err, /nanos: denied: fs_write: /u);
  });

  it('tell wrong usage', async (t) => {
    const { manifest, nanos } = await prepare(t);
    const wrong: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
      [['run'], /Name a manifest/u],
      [['run', manifest, '--resume', 'last'], /Name a manifest/u],
      [['run', '--resume', 'last', '--goal', 'x'], /nanos replay RUN/u],
      [['run', manifest, '--retry'], /--resume/u],
      [['run', manifest, '--allow-private', 'everything'], /CIDR/u],
      [['replay', 'last', '--edit', '1'], /--at STEP/u],
      [['replay', 'last', '--at', '1', '--edit', 'text'], /must be JSON/u],
      [['replay', 'last', '--at', '-1'], /whole number/u],
      [['replay', 'last', '--retry'], /for forks/u],
      [['replay', 'last', '--folder', '.'], /for forks/u],
    ];
    for (const [argv, message] of wrong) {
      const ran = await nanos(...argv);
      assert.equal(ran.status, 2, argv.join(' '));
      assert.match(ran.err, message);
    }
    assert.equal((await nanos('replay', 'last')).status, 1);
  });

  it('go on only with what is not over', async (t) => {
    const { manifest, nanos } = await prepare(t);
    await nanos('run', manifest);
    const resumed = await nanos('run', '--resume', 'last');
    assert.equal(resumed.status, 2);
    assert.match(resumed.err, /is over \(done\)/u);
  });

  it('let a recording from elsewhere name no folder to work in', async (t) => {
    const { folder, manifest, nanos } = await prepare(t);
    const exported = join(folder, 'exported.sqlite');
    assert.equal((await nanos('run', manifest)).status, 0);
    assert.equal((await nanos('runs', 'export', 'last', '-o', exported)).status, 0);
    rmSync(join(folder, 'data'), { recursive: true });
    assert.equal((await nanos('replay', exported)).status, 0);
    assert.equal((await nanos('runs', 'import', exported)).status, 0);
    for (const run of [exported, 'last']) {
      const refused = await nanos('replay', run, '--at', '1');
      assert.deepEqual([refused.status, refused.err.includes('--folder DIR')], [2, true], refused.err);
    }
    assert.match((await nanos('run', '--resume', 'last')).err, /recorded elsewhere/u);
    const other = join(folder, 'other');
    mkdirSync(other);
    const forked = await nanos('replay', exported, '--at', '1', '--edit', '"The secret is 34"', '--folder', other);
    assert.equal(forked.status, 0, forked.err);
    assert.equal(readFileSync(join(other, 'secret.txt'), 'utf8'), '34\n');
    assert.equal(readFileSync(join(folder, 'secret.txt'), 'utf8'), '7-blue-herons\n');
    assert.equal((await nanos('replay', 'last')).status, 0);
  });

  it('cancel an agent that waits', async (t) => {
    const { folder, manifest, nanos, stop } = await prepare(t);
    writeFileSync(join(folder, 'agent.ts'), 'setTimeout(() => undefined, 60_000); console.log("waiting");');
    assert.equal((await nanos('compile', join(folder, 'agent.ts'))).status, 0);
    const stopping = setInterval(stop, 50);
    const ran = await nanos('run', manifest, '--json');
    clearInterval(stopping);
    assert.deepEqual([ran.status, json(ran.out)['end']], [1, 'cancelled']);
  });

  it('go on after kill -9, without doing again what was done', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'nanos-cli-resume-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const name of ['agent.ts', 'agent.nano', 'words.txt']) copyFileSync(join(EXAMPLES, 'resume', name), join(folder, name));
    const data = ['--data', join(folder, 'data')];
    execFileSync(NANOS, ['compile', join(folder, 'agent.ts')], { stdio: 'ignore' });
    const victim = spawn(NANOS, ['run', join(folder, 'agent.nano'), ...data], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: victim.stderr })) if (line === '2 of 5') break;
    victim.kill('SIGKILL');
    await once(victim, 'exit');

    const resumed = spawnSync(NANOS, ['run', '--resume', 'last', '--json', ...data], { encoding: 'utf8' });
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.deepEqual([json(resumed.stdout)['message'], json(resumed.stdout)['steps']], ['Counted 5 words', 6]);
    assert.doesNotMatch(resumed.stderr, /^1 of 5/mu);
    assert.equal(readFileSync(join(folder, 'out/counted.txt'), 'utf8'), 'journal: 7\nsnapshot: 8\nreplay: 6\nfork: 4\nresume: 6\n');
    assert.equal(spawnSync(NANOS, ['replay', 'last', ...data]).status, 0);
  });
});
