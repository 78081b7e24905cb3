import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PendingApproval } from '../../protocol/agent/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { CliIo } from '../cli-io.ts';
import { runCli } from '../run-cli.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/agents/approval', import.meta.url));
const NANOS = fileURLToPath(new URL('../../../bin/nanos', import.meta.url));

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface Prepared {
  readonly folder: string;
  readonly manifest: string;
  readonly data: string;
  nanos(...argv: string[]): Promise<Ran>;
  /** with a person who gives these answers, and then gives up */
  answering(answers: readonly string[], ...argv: string[]): Promise<Ran>;
}

/** A folder with the example agent `approval` in it, compiled, and a command line. */
async function prepare(t: TestContext): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-cli-approve-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['agent.ts', 'agent.nano', 'stock.txt']) copyFileSync(join(EXAMPLE, name), join(folder, name));
  const data = join(folder, 'data');
  const run = async (askLine: CliIo['askLine'], argv: readonly string[]): Promise<Ran> => {
    const text = { out: '', err: '' };
    const io: CliIo = {
      stdout: { write: (part) => void (text.out += part) },
      stderr: { write: (part) => void (text.err += part) },
      environment: {},
      askLine,
      startHost: () => Promise.reject(new NanosError('internal', 'No host is started here')),
      onStopSignal: () => () => undefined,
      exit: () => undefined,
    };
    return { status: await runCli(argv[0] === 'compile' ? argv : [...argv, '--data', data], io), ...text };
  };
  const nanos = (...argv: string[]): Promise<Ran> => run(undefined, argv);
  const compiled = await nanos('compile', join(folder, 'agent.ts'));
  assert.equal(compiled.status, 0, compiled.err);
  return { folder, manifest: join(folder, 'agent.nano'), data, nanos, answering: (answers, ...argv) => run(answerer(answers), argv) };
}

function answerer(answers: readonly string[]): CliIo['askLine'] {
  const left = [...answers];
  return () => Promise.resolve(left.shift());
}

interface Waiting {
  readonly run: string;
  readonly end: string;
  readonly approvals: readonly PendingApproval[];
}

function json<T>(text: string): T {
  return JSON.parse(text) as T;
}

const read = ({ folder }: Prepared, name: string): string => readFileSync(join(folder, 'orders', name), 'utf8');

describe('nanos approve', () => {
  it('lets the run of a process without a terminal wait, decides about each call, and goes on', async (t) => {
    const place = await prepare(t);
    const data = ['--data', place.data];
    const ran = spawnSync(NANOS, ['run', place.manifest, '--json', ...data], { encoding: 'utf8' });
    assert.equal(ran.status, 1, ran.stderr);
    const { run, end, approvals } = json<Waiting>(ran.stdout);
    assert.deepEqual([end, approvals.map(({ call, tool, arguments: args, body }) => [call, tool, args, body?.text])], [
      'waiting',
      [
        [1, 'fs_write', '{"path":"orders/paper.txt"}', 'Please send 8 of paper\n'],
        [2, 'fs_write', '{"path":"orders/pens.txt"}', 'Please send 40 of pens\n'],
      ],
    ]);
    assert.match(ran.stderr, /^asks {7}before each call of fs_write$/mu);
    for (const command of [`nanos approve ${run} 1 --data`, `nanos approve ${run} 2 --deny "REASON"`]) assert.ok(ran.stderr.includes(command), ran.stderr);
    assert.ok(!existsSync(join(place.folder, 'orders')));

    const listed = json<{ run: string; name: string; approvals: PendingApproval[] }[]>((await place.nanos('approve', '--json')).out);
    assert.deepEqual(listed, [{ run, name: 'buyer', approvals }]);
    assert.match((await place.nanos('approve')).out, new RegExp(`^${run}  buyer\n  call 1: fs_write\n    \\{"path":"orders/paper\\.txt"\\}\n    with 23 B:\n    \\| Please send 8 of paper`, 'u'));
    assert.match((await place.nanos('runs')).out, /buyer .* waiting .*Waits for approval: call 1, fs_write/u);
    const shown = await place.nanos('runs', 'show', 'last');
    assert.match(shown.out, /^- +fs_write +\{"path":"orders\/paper\.txt"\} \+ 23 B +waiting/mu);
    assert.match(shown.out, /waits for approval[^]*call 2: fs_write/u);

    const several = await place.nanos('approve', 'last');
    assert.deepEqual([several.status, several.err.includes('name one of 1, 2')], [2, true]);
    const first = spawnSync(NANOS, ['approve', 'last', '1', '--no-resume', ...data], { encoding: 'utf8' });
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, new RegExp(`nanos run --resume ${run}`, 'u'));
    assert.ok(!existsSync(join(place.folder, 'orders')));
    const again = await place.nanos('approve', 'last', '1', '--deny');
    assert.deepEqual([again.status, again.err.includes('(approval_decided)')], [1, true]);

    const refused = await place.nanos('approve', 'last', '--edit', '{"path": "stock.txt"}');
    assert.deepEqual([refused.status, refused.err.includes('(edit_refused)')], [1, true]);
    writeFileSync(join(place.folder, 'letter.txt'), 'Forty pens, please\n');
    const second = spawnSync(NANOS, ['approve', 'last', '--body', join(place.folder, 'letter.txt'), '--json', ...data], { encoding: 'utf8' });
    assert.equal(second.status, 0, second.stderr);
    assert.equal(json<{ message: string }>(second.stdout).message, 'paper: ordered; pens: ordered');
    assert.deepEqual([read(place, 'paper.txt'), read(place, 'pens.txt')], ['Please send 8 of paper\n', 'Forty pens, please\n']);

    const replayed = await place.nanos('replay', 'last', '--json');
    assert.equal(json<{ same: boolean }>(replayed.out).same, true);
    assert.match((await place.nanos('runs', 'show', 'last')).out, /orders\/pens\.txt"\} \+ 23 B, edited/u);
    assert.equal((await place.nanos('approve')).out, 'No call waits for approval\n');
    const over = await place.nanos('approve', 'last', '1');
    assert.deepEqual([over.status, over.err.includes('(run_not_waiting)')], [1, true]);
  });

  it('is asked at a terminal by nanos run: approve, deny with a reason, edit', async (t) => {
    const place = await prepare(t);
    writeFileSync(join(place.folder, 'stock.txt'), 'paper 0 1\npens 0 1\nink 0 1\n');
    writeFileSync(join(place.folder, 'letter.txt'), 'Ink!');
    const ran = await place.answering(['what?', 'a', 'd', 'too many pens', 'e', '{"path":"agent.nano"}', '', 'e', 'no JSON', '', 'e', '{"path":"orders/black.txt"}', join(place.folder, 'letter.txt')], 'run', place.manifest);
    assert.equal(ran.status, 0, ran.err);
    assert.equal(ran.out, 'paper: ordered; pens: too many pens; ink: ordered\n');
    assert.match(ran.err, /\(edit_refused\)/u);
    assert.deepEqual([read(place, 'paper.txt'), read(place, 'black.txt')], ['Please send 1 of paper\n', 'Ink!']);
    assert.ok(!existsSync(join(place.folder, 'orders/pens.txt')) && !existsSync(join(place.folder, 'orders/ink.txt')));
  });

  it('can be left for later: what was decided is done, the rest waits', async (t) => {
    const place = await prepare(t);
    const ran = await place.answering(['a', 'q'], 'run', place.manifest);
    assert.equal(ran.status, 1);
    assert.ok(existsSync(join(place.folder, 'orders/paper.txt')));
    assert.match(ran.err, /nanos approve \w+ 2 /u);
    const resumed = await place.answering(['d', ''], 'run', '--resume', 'last');
    assert.deepEqual([resumed.status, resumed.out], [0, 'paper: ordered; pens: denied by a person\n']);
  });

  it('waits on through kill -9 of the process that asks, and the decision is taken once', async (t) => {
    const place = await prepare(t);
    const victim = spawn(NANOS, ['run', place.manifest, '--data', place.data], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    for await (const part of victim.stderr.setEncoding('utf8')) if ((said += String(part)).includes('waits for approval')) break;
    victim.kill('SIGKILL');
    if (victim.exitCode === null && victim.signalCode === null) await once(victim, 'exit');
    assert.equal(json<unknown[]>((await place.nanos('approve', '--json')).out).length, 1);
    for (const call of ['1', '2']) assert.equal((await place.nanos('approve', 'last', call, '--no-resume')).status, 0);
    assert.equal((await place.nanos('run', '--resume', 'last')).out, 'paper: ordered; pens: ordered\n');
  });

  it('shows a hostile agent’s words as text', async (t) => {
    const place = await prepare(t);
    writeFileSync(join(place.folder, 'agent.ts'), `import { fs } from 'nanos/agent';
export const run = () => fs.writeFile('orders/a.txt', '\\u001b[2J\\u001b]0;owned\\u0007\\u202egnihton\\r'.repeat(50_000));`);
    assert.equal((await place.nanos('compile', join(place.folder, 'agent.ts'))).status, 0);
    const ran = await place.nanos('run', place.manifest);
    const texts = [ran.err, (await place.nanos('approve')).out, (await place.nanos('approve', '--json')).out, (await place.nanos('runs', 'show', 'last')).out, (await place.nanos('runs')).out];
    for (const text of texts) {
      assert.match(text, /fs_write/u);
      assert.doesNotMatch(text, /[^\P{Cc}\n\t]/u);
      assert.ok(text.length < 20_000);
    }
    assert.doesNotMatch(texts.slice(0, 2).join(''), /\u202e/u);
    assert.match(ran.err, /with 1\.\d MB, of which the beginning:\n {4}\| \\u\{1b\}\[2J/u);
  });

  it('tells wrong usage', async (t) => {
    const place = await prepare(t);
    await place.nanos('run', place.manifest);
    const wrong: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
      [['approve', '--deny'], /Name the run/u],
      [['approve', 'last', 'x'], /number of a call/u],
      [['approve', 'last', '1', '--edit', 'x'], /must be JSON/u],
      [['approve', 'last', '1', '--deny', 'no', '--edit', '{}'], /cannot be used with/u],
      [['approve', 'last', '1', '--body', join(place.folder, 'none.txt')], /can't be read/u],
    ];
    for (const [argv, message] of wrong) {
      const ran = await place.nanos(...argv);
      assert.equal(ran.status, 2, argv.join(' '));
      assert.match(ran.err, message);
    }
    assert.match((await place.nanos('approve', 'last', '9')).err, /\(approval_not_found\)/u);
    assert.match((await place.nanos('approve', 'zzz')).err, /\(not_found\)/u);
  });
});
