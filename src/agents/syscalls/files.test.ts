import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { AGENT_LIMITS, DEFAULT_AGENT_BUDGETS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { asOrdinaryUser } from '../../util/test-folder.ts';
import { settleGrant } from '../grant.ts';
import type { OperatorWord } from '../grant.ts';
import { SyscallError } from '../syscall-handler.ts';
import { fileSyscalls } from './files.ts';

const IS_LINUX = process.platform === 'linux';

interface Agent {
  /** the manifest's folder, inside `outside` */
  readonly folder: string;
  readonly outside: string;
  /** what the gate makes of a call: the reply, or the error's code and rule */
  call(name: string, path: string | { from: string; to: string }, body?: string | Uint8Array): Buffer;
}

function agent(test: TestContext, globs: { read?: string[]; write?: string[] }, word: Partial<OperatorWord> = {}): Agent {
  const outside = realpathSync(mkdtempSync(join(tmpdir(), 'nanos-files-')));
  test.after(() => rmSync(outside, { recursive: true, force: true }));
  const folder = join(outside, 'agent');
  mkdirSync(folder);
  writeFileSync(join(outside, 'secret.txt'), 'SECRET');
  const manifest: AgentManifest = {
    name: 'a',
    folder,
    goal: '',
    budgets: DEFAULT_AGENT_BUDGETS,
    permissions: { fsRead: globs.read ?? [], fsWrite: globs.write ?? [], network: false },
    mcpServers: [],
    approve: [],
    agents: [],
  };
  const places = (paths: readonly string[] | undefined) => (paths ?? []).map((path) => join(folder, path));
  const grant = settleGrant(manifest, { egress: { hosts: undefined, privateRanges: [] }, withheldPaths: places(word.withheldPaths), readOnlyPaths: places(word.readOnlyPaths) });
  const context = { grant, signal: new AbortController().signal };
  return {
    folder,
    outside,
    call(name, path, body) {
      const handler = fileSyscalls.find((candidate) => candidate.name === name);
      assert.ok(handler);
      const args = handler.arguments.parse(typeof path === 'string' ? { path } : path);
      const verdict = handler.authorize(args, context);
      if (!verdict.allowed) throw SyscallError.denied(verdict.asked, verdict.rule);
      const reply = handler.act(args, body === undefined ? undefined : Buffer.from(body), context);
      assert.ok(reply instanceof Uint8Array, 'replies are inline');
      return Buffer.from(reply);
    },
  };
}

const denied = (rule: RegExp) => ({ name: 'SyscallError', code: 'permission_denied', rule });
const fails = (code: string) => ({ name: 'SyscallError', code });

describe('fs_read', () => {
  it('gives the bytes of a granted file', (test) => {
    const { folder, call } = agent(test, { read: ['a.bin', 'data/**'] });
    mkdirSync(join(folder, 'data/x'), { recursive: true });
    writeFileSync(join(folder, 'a.bin'), Buffer.from([0, 255, 10]));
    writeFileSync(join(folder, 'data/x/empty'), '');
    assert.deepEqual(call('fs_read', './a.bin'), Buffer.from([0, 255, 10]));
    assert.equal(call('fs_read', 'data//x/empty').length, 0);
  });

  it('denies what no glob grants, whether it exists or not', (test) => {
    const { folder, call } = agent(test, { read: ['a.txt'] });
    writeFileSync(join(folder, 'b.txt'), 'b');
    for (const path of ['b.txt', 'c.txt', 'A.txt', 'a.txt/b']) assert.throws(() => call('fs_read', path), denied(/^permissions\.fs_read: a\.txt$/), path);
    assert.throws(() => agent(test, {}).call('fs_read', 'a.txt'), denied(/fs_read grants nothing/));
  });

  it('denies every spelling of what is outside', (test) => {
    const { outside, call } = agent(test, { read: ['**', '.*', '**/.*'] });
    const spellings = ['../secret.txt', 'a/../../secret.txt', '..', './..//secret.txt', join(outside, 'secret.txt'), '/etc/passwd', '/proc/self/environ', '\\..\\secret.txt', 'C:\\x', '..\0', 'secret.txt\0.png', 'a/..'];
    for (const path of spellings) assert.throws(() => call('fs_read', path), denied(/./), JSON.stringify(path));
    for (const path of ['%2e%2e/secret.txt', '..%2fsecret.txt', '\uff0e\uff0e/secret.txt', '~/secret.txt', 'file:///secret.txt']) assert.throws(() => call('fs_read', path), fails('not_found'), path);
  });

  it('says in the denial what was asked and which rule decided, and nothing of the host', (test) => {
    const { outside, folder, call } = agent(test, { read: ['*'] });
    symlinkSync('../secret.txt', join(folder, 'link'));
    for (const path of ['link', 'missing', 'a/b']) {
      assert.throws(() => call('fs_read', path), (error: SyscallError) => {
        assert.ok(!JSON.stringify(error.toData()).includes(outside));
        assert.ok(error.message.includes(`fs_read "${path}"`));
        return true;
      });
    }
  });

  it('follows links inside, to what is granted, and no others', (test) => {
    const { outside, folder, call } = agent(test, { read: ['links/**', 'data/*.txt'] });
    mkdirSync(join(folder, 'links'));
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data/a.txt'), 'A');
    writeFileSync(join(folder, 'data/key'), 'K');
    for (const [name, target] of Object.entries({ good: '../data/a.txt', folder: '../data', key: '../data/key', out: '../../secret.txt', absolute: join(outside, 'secret.txt'), up: '../..', loop: 'loop', dangling: 'nowhere' })) {
      symlinkSync(target, join(folder, 'links', name));
    }
    assert.equal(call('fs_read', 'links/good').toString(), 'A');
    assert.equal(call('fs_read', 'links/folder/a.txt').toString(), 'A');
    assert.throws(() => call('fs_read', 'links/key'), denied(/^permissions\.fs_read/));
    assert.throws(() => call('fs_read', 'links/folder/key'), denied(/^permissions\.fs_read/));
    for (const path of ['links/out', 'links/absolute', 'links/up/secret.txt']) assert.throws(() => call('fs_read', path), denied(/out of the manifest's folder/), path);
    for (const path of ['links/loop', 'links/dangling']) assert.throws(() => call('fs_read', path), fails('not_found'), path);
    assert.throws(() => call('fs_read', 'links/folder'), denied(/./));
  });

  it('refuses pipes, devices, sockets and folders without opening them', (test) => {
    const { folder, call } = agent(test, { read: ['**'] });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    mkdirSync(join(folder, 'sub'));
    for (const [name, target] of Object.entries({ zero: '/dev/zero', environment: '/proc/self/environ', memory: '/proc/self/mem', stdin: '/dev/stdin' })) symlinkSync(target, join(folder, name));
    assert.throws(() => call('fs_read', 'pipe'), denied(/only regular files/));
    for (const path of ['zero', 'environment', 'memory', 'stdin']) assert.throws(() => call('fs_read', path), { name: 'SyscallError' }, path);
    for (const path of ['sub', 'sub/', 'pipe/']) assert.throws(() => call('fs_read', path), fails('not_a_file'), path);
  });

  it('refuses files with several hard links', (test) => {
    const { outside, folder, call } = agent(test, { read: ['**'] });
    linkSync(join(outside, 'secret.txt'), join(folder, 'mine.txt'));
    assert.throws(() => call('fs_read', 'mine.txt'), denied(/hard links/));
    rmSync(join(outside, 'secret.txt'));
    assert.equal(call('fs_read', 'mine.txt').toString(), 'SECRET');
  });

  it('reads a file at the limit and refuses one past it, and one of 1 GB', (test) => {
    const { folder, call } = agent(test, { read: ['**'] });
    for (const [name, size] of [['limit', AGENT_LIMITS.fileBytesMax], ['past', AGENT_LIMITS.fileBytesMax + 1], ['huge', 1024 ** 3]] as const) {
      writeFileSync(join(folder, name), '');
      truncateSync(join(folder, name), size);
    }
    assert.equal(call('fs_read', 'limit').length, AGENT_LIMITS.fileBytesMax);
    assert.throws(() => call('fs_read', 'past'), fails('too_large'));
    assert.throws(() => call('fs_read', 'huge'), fails('too_large'));
  });

  it('ends with a file that grows all the time', async (test) => {
    const { folder, call } = agent(test, { read: ['**'] });
    const file = join(folder, 'log');
    appendFileSync(file, 'x'.repeat(1_000));
    const child = spawn(process.execPath, ['-e', `const fs = require('fs'); process.stdout.write('.'); for (let i = 0; i < 10000; i++) fs.appendFileSync(${JSON.stringify(file)}, 'x'.repeat(1000))`]);
    await once(child.stdout, 'data');
    let last = 0;
    for (let round = 0; round < 50; round++) {
      const bytes = call('fs_read', 'log');
      assert.ok(bytes.length >= last && bytes.every((byte) => byte === 0x78));
      last = bytes.length;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('never gives an outside file while a link is swapped in and out', { skip: !IS_LINUX && 'the check is exact on Linux only' }, async (test) => {
    const { outside, folder, call } = agent(test, { read: ['**'], write: ['**'] });
    mkdirSync(join(folder, 'real'));
    mkdirSync(join(outside, 'trap'));
    writeFileSync(join(folder, 'real/file'), 'INSIDE');
    writeFileSync(join(outside, 'trap/file'), 'SECRET');
    writeFileSync(join(outside, 'trap/SECRET'), '');
    writeFileSync(join(folder, 'plain'), 'INSIDE');
    const swapper = `
      const fs = require('fs'); process.chdir(${JSON.stringify(folder)});
      fs.symlinkSync('../trap', 'link'); fs.symlinkSync('../trap/file', 'flink'); fs.mkdirSync('target');
      const point = (target) => { fs.symlinkSync(target, 'spare-way'); fs.renameSync('spare-way', 'way'); };
      const swap = (a, b) => { fs.renameSync(a, 'spare'); fs.renameSync(b, a); fs.renameSync('spare', b); };
      point('target'); process.stdout.write('.');
      for (const end = Date.now() + 30_000; Date.now() < end; ) { swap('real', 'link'); swap('plain', 'flink'); point('../trap'); point('target'); }`;
    const child = spawn(process.execPath, ['-e', swapper], { stdio: ['ignore', 'pipe', 'inherit'] });
    test.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const outcomes = new Set<string>();
    const attempt = (name: string, path: string, body?: string): void => {
      try {
        outcomes.add(`${name}: ${call(name, path, body).toString().replaceAll(/\d{3,}/g, 'n')}`);
      } catch (error) {
        assert.ok(error instanceof SyscallError, String(error));
        outcomes.add(`${name}: ${error.code}`);
      }
    };
    for (const end = Date.now() + 1_500; Date.now() < end; ) {
      for (const path of ['real/file', 'link/file', 'plain', 'flink']) attempt('fs_read', path);
      attempt('fs_list', 'real');
      attempt('fs_list', 'way');
      attempt('fs_write', 'way/new', 'INSIDE');
    }
    assert.equal(child.exitCode, null, 'the swapping went on to the end');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(outcomes.has('fs_read: INSIDE'), 'some reads succeed');
    assert.ok(outcomes.has('fs_read: permission_denied'), 'some are denied');
    assert.ok(outcomes.has('fs_write: '), 'some writes succeed');
    assert.ok(outcomes.has('fs_write: permission_denied'), 'some are denied');
    const listed = [...outcomes].filter((outcome) => outcome.includes('fs_list: ['));
    assert.ok(listed.length > 0);
    assert.ok(![...outcomes].some((outcome) => outcome.includes('SECRET')), [...outcomes].join('\n'));
    assert.deepEqual(readdirSync(join(outside, 'trap')), ['SECRET', 'file']);
    assert.deepEqual(readdirSync(join(folder, 'target')), ['new']);
    assert.equal(readFileSync(join(outside, 'trap/file'), 'utf8'), 'SECRET');
  });

  it('says that the system refused, without its paths', async (test) => {
    const { outside, folder, call } = agent(test, { read: ['**'] });
    for (const path of [outside, folder]) chmodSync(path, 0o755);
    writeFileSync(join(folder, 'closed'), 'x', { mode: 0 });
    await asOrdinaryUser(async () => {
      await Promise.resolve();
      assert.throws(() => call('fs_read', 'closed'), fails('io_failed'));
    });
  });

  it('leaves no file open', { skip: !IS_LINUX && 'counts /proc/self/fd' }, (test) => {
    const { outside, folder, call } = agent(test, { read: ['**'], write: ['**'] });
    writeFileSync(join(folder, 'a'), 'a');
    mkdirSync(join(folder, 'd'));
    linkSync(join(outside, 'secret.txt'), join(folder, 'hard'));
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let round = 0; round < 20; round++) {
      for (const [name, path] of [['fs_read', 'a'], ['fs_read', 'hard'], ['fs_read', 'no'], ['fs_read', 'd'], ['fs_list', 'd'], ['fs_list', 'a'], ['fs_stat', 'a'], ['fs_write', 'x/y'], ['fs_write', 'd']] as const) {
        try {
          call(name, path, 'x');
        } catch (error) {
          assert.ok(error instanceof SyscallError);
        }
      }
    }
    assert.equal(count(), before);
  });
});

describe('fs_write', () => {
  it('puts a whole file in place, for the host alone', (test) => {
    const { folder, call } = agent(test, { write: ['out/**'] });
    assert.equal(call('fs_write', 'out/a/b/c.txt', 'hello').length, 0);
    assert.equal(readFileSync(join(folder, 'out/a/b/c.txt'), 'utf8'), 'hello');
    assert.equal(statSync(join(folder, 'out/a/b/c.txt')).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'out/a')).mode & 0o777, 0o700);
    call('fs_write', 'out/a/b/c.txt');
    assert.equal(readFileSync(join(folder, 'out/a/b/c.txt'), 'utf8'), '');
    assert.deepEqual(readdirSync(join(folder, 'out/a/b')), ['c.txt']);
  });

  it('replaces the file, so that those who read the old one go on, and keeps its permissions without special bits', (test) => {
    const { folder, call } = agent(test, { write: ['a'] });
    writeFileSync(join(folder, 'a'), 'old');
    chmodSync(join(folder, 'a'), 0o4644);
    const reader = openSync(join(folder, 'a'), 'r');
    call('fs_write', 'a', 'new');
    assert.equal(readFileSync(reader, 'utf8'), 'old');
    closeSync(reader);
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'new');
    assert.equal(statSync(join(folder, 'a')).mode & 0o7777, 0o644);
  });

  it('denies what no glob grants, and makes no folder for it', (test) => {
    const { folder, call } = agent(test, { read: ['**'], write: ['out/*.txt'] });
    for (const path of ['a.txt', 'out/a.md', 'out/x/a.txt', '../a.txt', join(folder, 'out/a.txt'), 'out/../a.txt', 'out/.txt']) assert.throws(() => call('fs_write', path, 'x'), denied(/./), path);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('writes through no link', (test) => {
    const { outside, folder, call } = agent(test, { write: ['**'] });
    mkdirSync(join(folder, 'real'));
    for (const [name, target] of Object.entries({ file: '../secret.txt', folder: '..', new: '../new.txt', inside: 'real/x', loop: 'loop' })) symlinkSync(target, join(folder, name));
    symlinkSync('real', join(folder, 'way'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    assert.throws(() => call('fs_write', 'file', 'x'), denied(/links are not written/));
    assert.throws(() => call('fs_write', 'new', 'x'), denied(/links are not written/));
    assert.throws(() => call('fs_write', 'inside', 'x'), denied(/links are not written/));
    assert.throws(() => call('fs_write', 'folder/secret.txt', 'x'), denied(/out of the manifest's folder/));
    assert.throws(() => call('fs_write', 'loop/a', 'x'), fails('not_found'));
    assert.throws(() => call('fs_write', 'dangling/a', 'x'), fails('not_found'));
    call('fs_write', 'way/y/z', 'ok');
    assert.equal(readFileSync(join(folder, 'real/y/z'), 'utf8'), 'ok');
    assert.equal(readFileSync(join(outside, 'secret.txt'), 'utf8'), 'SECRET');
    assert.ok(!existsSync(join(outside, 'new.txt')));
  });

  it('holds what a link leads to against the globs', (test) => {
    const { folder, call } = agent(test, { write: ['out/**'] });
    mkdirSync(join(folder, 'other'));
    mkdirSync(join(folder, 'out'));
    symlinkSync('../other', join(folder, 'out/way'));
    assert.throws(() => call('fs_write', 'out/way/a', 'x'), denied(/^permissions\.fs_write: out\/\*\*$/));
    assert.throws(() => call('fs_write', 'out/way/b/a', 'x'), denied(/^permissions\.fs_write/));
    assert.deepEqual(readdirSync(join(folder, 'other')), []);
  });

  it('leaves the other names of a file alone', (test) => {
    const { outside, folder, call } = agent(test, { write: ['**'] });
    linkSync(join(outside, 'secret.txt'), join(folder, 'mine'));
    call('fs_write', 'mine', 'new');
    assert.equal(readFileSync(join(outside, 'secret.txt'), 'utf8'), 'SECRET');
    assert.equal(readFileSync(join(folder, 'mine'), 'utf8'), 'new');
  });

  it('replaces no folder, pipe or device, and takes no file for a folder', (test) => {
    const { folder, call } = agent(test, { write: ['**'] });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'plain'), 'x');
    assert.throws(() => call('fs_write', 'pipe', 'x'), denied(/only regular files/));
    for (const path of ['sub', 'sub/', 'new/']) assert.throws(() => call('fs_write', path, 'x'), fails('not_a_file'), path);
    assert.throws(() => call('fs_write', '.', 'x'), denied(/./));
    assert.throws(() => call('fs_write', 'plain/x', 'x'), { name: 'SyscallError' });
    assert.throws(() => call('fs_write', 'n'.repeat(256), 'x'), { name: 'SyscallError' });
    assert.deepEqual(readdirSync(folder).toSorted(), ['pipe', 'plain', 'sub']);
  });

  it('writes as much as it may and no byte more', (test) => {
    const { folder, call } = agent(test, { write: ['**'] });
    call('fs_write', 'limit', new Uint8Array(AGENT_LIMITS.fileBytesMax));
    assert.equal(statSync(join(folder, 'limit')).size, AGENT_LIMITS.fileBytesMax);
    assert.throws(() => call('fs_write', 'past', new Uint8Array(AGENT_LIMITS.fileBytesMax + 1)), fails('too_large'));
    assert.deepEqual(readdirSync(folder), ['limit']);
  });

  it("changes neither the agent's manifest and module nor what is the host's", (test) => {
    const { folder, call } = agent(test, { read: ['**', '**/.*/**', '.*/**'], write: ['**', '.*/**'] }, { readOnlyPaths: ['agent.nano'], withheldPaths: ['.nanos', 'token'] });
    mkdirSync(join(folder, '.nanos'));
    writeFileSync(join(folder, 'agent.nano'), 'name: a');
    writeFileSync(join(folder, '.nanos/journal'), 'J');
    writeFileSync(join(folder, 'token'), 'T');
    symlinkSync('.nanos', join(folder, 'way'));
    assert.throws(() => call('fs_write', 'agent.nano', 'x'), denied(/own manifest/));
    assert.equal(call('fs_read', 'agent.nano').toString(), 'name: a');
    for (const path of ['.nanos/journal', 'token', 'way/journal']) {
      assert.throws(() => call('fs_read', path), denied(/belongs to the host/), path);
      assert.throws(() => call('fs_write', path, 'x'), denied(/belongs to the host/), path);
    }
    assert.throws(() => call('fs_write', '.nanos/new/deep', 'x'), denied(/belongs to the host/));
    assert.throws(() => call('fs_list', '.nanos'), denied(/belongs to the host/));
    assert.deepEqual(JSON.parse(call('fs_list', '.').toString()), [{ name: 'agent.nano', type: 'file', size: 7 }, { name: 'way', type: 'other', size: 0 }]);
  });
});

describe('fs_list and fs_stat', () => {
  it('show what may be read, and the folders on the way to it', (test) => {
    const { folder, call } = agent(test, { read: ['a/b/*.txt', 'top.md', '!a/b/secret.txt'] });
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    mkdirSync(join(folder, 'z'));
    for (const name of ['a/b/two.txt', 'a/b/one.txt', 'a/b/x.md', 'a/b/secret.txt', 'a/other', 'top.md', '.env']) writeFileSync(join(folder, name), 'abc');
    symlinkSync('one.txt', join(folder, 'a/b/link.txt'));
    const list = (path: string): unknown => JSON.parse(call('fs_list', path).toString());
    assert.deepEqual(list('.'), [{ name: 'a', type: 'directory', size: 0 }, { name: 'top.md', type: 'file', size: 3 }]);
    assert.deepEqual(list(''), list('./'));
    assert.deepEqual(list('a'), [{ name: 'b', type: 'directory', size: 0 }]);
    assert.deepEqual(list('a/b/'), [{ name: 'link.txt', type: 'other', size: 0 }, { name: 'one.txt', type: 'file', size: 3 }, { name: 'two.txt', type: 'file', size: 3 }]);
    for (const path of ['z', '..', '/', 'a/c']) assert.throws(() => list(path), denied(/./), path);
    assert.throws(() => list('top.md'), fails('invalid_argument'));
    assert.throws(() => list('a/b/none.txt'), fails('not_found'));
  });

  it('tell type, size and time', (test) => {
    const { folder, call } = agent(test, { read: ['a/**'] });
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a/f'), 'abc');
    symlinkSync('f', join(folder, 'a/link'));
    symlinkSync('../../secret.txt', join(folder, 'a/out'));
    execFileSync('mkfifo', [join(folder, 'a/pipe')]);
    const status = (path: string): unknown => JSON.parse(call('fs_stat', path).toString());
    const modifiedMs = (path: string): number => Math.floor(statSync(join(folder, path)).mtimeMs);
    assert.deepEqual(status('a/f'), { type: 'file', size: 3, modifiedMs: modifiedMs('a/f') });
    assert.deepEqual(status('a/link'), status('a/f'));
    assert.deepEqual(status('a'), { type: 'directory', size: 0, modifiedMs: modifiedMs('a') });
    assert.deepEqual(status('.'), { type: 'directory', size: 0, modifiedMs: modifiedMs('.') });
    assert.deepEqual(status('a/pipe'), { type: 'other', size: 0, modifiedMs: modifiedMs('a/pipe') });
    assert.throws(() => status('a/out'), denied(/out of the manifest's folder/));
    assert.throws(() => status('b'), denied(/./));
    assert.throws(() => status('a/none'), fails('not_found'));
  });

  it('do not take a file for a folder on the way', (test) => {
    const { folder, call } = agent(test, { read: ['a/b.txt'] });
    writeFileSync(join(folder, 'a'), 'abc');
    assert.throws(() => call('fs_stat', 'a'), denied(/^permissions\.fs_read: a\/b\.txt$/));
  });

  it('list a folder at the limit and refuse one past it', (test) => {
    const { folder, call } = agent(test, { read: ['**'] });
    for (let index = 0; index < AGENT_LIMITS.folderEntriesMax; index++) writeFileSync(join(folder, `f${index}`), '');
    assert.equal((JSON.parse(call('fs_list', '').toString()) as unknown[]).length, AGENT_LIMITS.folderEntriesMax);
    writeFileSync(join(folder, 'one-more'), '');
    assert.throws(() => call('fs_list', ''), fails('too_large'));
  });

  it('leave out names that are not UTF-8', { skip: !IS_LINUX && 'other systems refuse such names' }, (test) => {
    const { folder, call } = agent(test, { read: ['**'] });
    writeFileSync(Buffer.concat([Buffer.from(join(folder, 'bad-')), Buffer.from([0xff])]), '');
    writeFileSync(join(folder, 'gut-ü'), '');
    assert.deepEqual(JSON.parse(call('fs_list', '').toString()), [{ name: 'gut-ü', type: 'file', size: 0 }]);
  });
});

describe('fs_mkdir', () => {
  it('makes a folder and those on the way, for the host alone, and leaves one that is there', (test) => {
    const { folder, call } = agent(test, { write: ['out/**'] });
    assert.equal(call('fs_mkdir', 'out/a/b').length, 0);
    assert.equal(statSync(join(folder, 'out/a/b')).mode & 0o777, 0o700);
    writeFileSync(join(folder, 'out/a/b/file'), '');
    call('fs_mkdir', 'out/a/b/');
    assert.deepEqual(readdirSync(join(folder, 'out/a/b')), ['file']);
  });

  it('denies what no glob grants, also behind a link', (test) => {
    const { folder, outside, call } = agent(test, { write: ['out/**'] });
    mkdirSync(join(folder, 'out'));
    symlinkSync(outside, join(folder, 'out/away'));
    assert.throws(() => call('fs_mkdir', 'other'), denied(/fs_write/));
    assert.throws(() => call('fs_mkdir', 'out/away/made'), { code: 'permission_denied' });
    assert.throws(() => call('fs_mkdir', 'out/../../made'), denied(/\.\./));
    assert.equal(existsSync(join(outside, 'made')), false);
  });

  it('takes neither a file nor a link for a folder', (test) => {
    const { folder, outside, call } = agent(test, { write: ['**'] });
    writeFileSync(join(folder, 'file'), 'kept');
    symlinkSync(outside, join(folder, 'link'));
    assert.throws(() => call('fs_mkdir', 'file'), { name: 'SyscallError' });
    assert.throws(() => call('fs_mkdir', 'link'), { name: 'SyscallError' });
    assert.throws(() => call('fs_mkdir', '.'), denied(/fs_write/));
  });
});

describe('fs_remove', () => {
  it('removes files and empty folders, and what is not there is gone', (test) => {
    const { folder, call } = agent(test, { write: ['out/**'] });
    mkdirSync(join(folder, 'out/full'), { recursive: true });
    writeFileSync(join(folder, 'out/full/file'), '');
    assert.throws(() => call('fs_remove', 'out/full'), fails('io_failed'));
    call('fs_remove', 'out/full/file');
    call('fs_remove', 'out/full/file');
    call('fs_remove', 'out/full');
    call('fs_remove', 'out/none/file');
    assert.deepEqual(readdirSync(join(folder, 'out')), []);
  });

  it('denies what no glob grants, links, and what is not the agent’s to change', (test) => {
    const { folder, outside, call } = agent(test, { write: ['**', '!keep'] }, { readOnlyPaths: ['module.wasm'], withheldPaths: ['data'] });
    mkdirSync(join(folder, 'data'));
    for (const name of ['keep', 'module.wasm', 'data/journal']) writeFileSync(join(folder, name), '');
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'link'));
    symlinkSync(outside, join(folder, 'away'));
    for (const path of ['keep', 'module.wasm', 'data/journal', 'link', 'away/secret.txt']) assert.throws(() => call('fs_remove', path), { code: 'permission_denied' }, path);
    assert.throws(() => call('fs_remove', ''), denied(/fs_write/));
    assert.equal(readFileSync(join(outside, 'secret.txt'), 'utf8'), 'SECRET');
    assert.deepEqual(readdirSync(folder).toSorted(), ['away', 'data', 'keep', 'link', 'module.wasm']);
  });
});

describe('fs_rename', () => {
  it('gives a file another name, in the place of the one that had it', (test) => {
    const { folder, call } = agent(test, { read: ['**'], write: ['**'] });
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, 'a'), 'A');
    writeFileSync(join(folder, 'out/b'), 'B');
    assert.equal(call('fs_rename', { from: 'a', to: 'out/b' }).length, 0);
    assert.deepEqual([existsSync(join(folder, 'a')), readFileSync(join(folder, 'out/b'), 'utf8')], [false, 'A']);
    assert.throws(() => call('fs_rename', { from: 'a', to: 'out/c' }), fails('not_found'));
    assert.throws(() => call('fs_rename', { from: 'out/b', to: 'none/b' }), fails('not_found'));
    assert.throws(() => call('fs_rename', { from: 'out', to: 'other' }), fails('not_a_file'));
    assert.throws(() => call('fs_rename', { from: 'out/b', to: 'out' }), fails('not_a_file'));
  });

  it('needs both grants for the old name, since what it may not read could be read by the new one', (test) => {
    const { folder, call } = agent(test, { read: ['read/**', 'both/**'], write: ['write/**', 'both/**'] });
    for (const name of ['read', 'write', 'both']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'file'), name);
    }
    assert.throws(() => call('fs_rename', { from: 'write/file', to: 'both/new' }), denied(/fs_read/));
    assert.throws(() => call('fs_rename', { from: 'read/file', to: 'both/new' }), denied(/fs_write/));
    assert.throws(() => call('fs_rename', { from: 'both/file', to: 'read/new' }), denied(/fs_write/));
    symlinkSync(join(folder, 'write'), join(folder, 'both/link'));
    assert.throws(() => call('fs_rename', { from: 'both/link/file', to: 'both/new' }), denied(/fs_read/));
    call('fs_rename', { from: 'both/file', to: 'write/new' });
    assert.equal(readFileSync(join(folder, 'write/new'), 'utf8'), 'both');
  });

  it('moves no links, no other name of a file, and nothing out of the folder or over the module', (test) => {
    const { folder, outside, call } = agent(test, { read: ['**'], write: ['**'] }, { readOnlyPaths: ['module.wasm'] });
    for (const name of ['file', 'module.wasm']) writeFileSync(join(folder, name), name);
    linkSync(join(outside, 'secret.txt'), join(folder, 'hard'));
    symlinkSync(outside, join(folder, 'away'));
    for (const [from, to] of [['hard', 'new'], ['away', 'new'], ['file', 'away/new'], ['away/secret.txt', 'new'], ['file', 'module.wasm'], ['module.wasm', 'new']] as const) {
      assert.throws(() => call('fs_rename', { from, to }), { code: 'permission_denied' }, `${from} to ${to}`);
    }
    assert.deepEqual(readdirSync(outside).toSorted(), ['agent', 'secret.txt']);
  });
});
