import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { replayRun } from '../../run/replay-run.ts';
import { startRun } from '../../run/start-run.ts';
import { GuestText } from '../../run/test-agent.ts';
import { testEnvironment, testFolder, testManifest, type TestManifest } from '../../run/test-environment.ts';
import { JournalReader } from '../../../recording/journal-reader.ts';
import { blockingModule, type BlockingParts } from '../test-blocking-agent.ts';

async function runGuest(t: TestContext, parts: (text: GuestText) => Omit<BlockingParts, 'entry'>, manifest: TestManifest = {}) {
  const place = testFolder(t);
  mkdirSync(join(place.folder, 'out/full'), { recursive: true });
  writeFileSync(join(place.folder, 'in.txt'), 'content');
  writeFileSync(join(place.folder, 'out/full/file'), '');
  const text = new GuestText();
  const environment = testEnvironment(place);
  const run = await startRun(testManifest(place, blockingModule(text, { ...parts(text), entry: '_start' }), manifest), environment);
  const result = await run.result;
  const reader = JournalReader.open(run.file);
  t.after(() => reader.close());
  reader.verify();
  const replay = await replayRun(reader, run.module);
  assert.deepEqual([replay.end, replay.message, replay.fuel], [result.end, result.message, result.fuel]);
  return { ...result, folder: place.folder, lines: environment.lines };
}

/** Traps unless the call gives this errno. */
function must(call: string, errno: number): string {
  return `(if (i32.ne ${call} (i32.const ${errno})) (then (unreachable)))`;
}

const ALL_RIGHTS = '(i64.const 0x3fffffff) (i64.const 0x3fffffff)';

/** `flags`: 1 creat, 2 directory, 4 excl, 8 trunc. The descriptor is left at address 16; it is 4 for the first. */
function open(path: string, flags = 0, rights = ALL_RIGHTS): string {
  return `(call $wasi.path_open (i32.const 3) (i32.const 0) ${path} (i32.const ${flags}) ${rights} (i32.const 0) (i32.const 16))`;
}

/** Of one buffer; what was written is left at address 24. */
function write(fd: number, text: string): string {
  const [, pointer, length] = /^(\(i32\.const \d+\)) (\(i32\.const \d+\))$/u.exec(text) ?? [];
  return `(block (result i32) (i32.store (i32.const 32) ${pointer}) (i32.store (i32.const 36) ${length}) (call $wasi.fd_write (i32.const ${fd}) (i32.const 32) (i32.const 1) (i32.const 24)))`;
}

const FULL_FILE = (size: string): string => `(call $wasi.fd_filestat_set_size (i32.const 4) (i64.const ${size}))`;

describe('WasiHost', () => {
  it('logs whole lines, and the last one when the guest ends', async (t) => {
    const { end, lines } = await runGuest(t, (text) => ({
      body: [write(1, text.place('a')), write(1, text.place('b\nc\nd')), write(2, text.place('wrong\n')), write(1, text.place('e'))].map((call) => must(call, 0)).join('\n'),
    }));
    assert.equal(end, 'done');
    assert.deepEqual(lines, ['info: ab\nc', 'warn: wrong', 'info: de']);
  });

  it('logs what was written before a trap', async (t) => {
    const { end, lines } = await runGuest(t, (text) => ({ body: `${must(write(2, text.place('last words')), 0)} (unreachable)` }));
    assert.equal(end, 'agent_trapped');
    assert.deepEqual(lines, ['warn: last words']);
  });

  it('ends with the status of proc_exit, and writes what is open', async (t) => {
    const exit = (status: number) => runGuest(t, (text) => ({ body: `${must(open(text.place('out/new.txt'), 1), 0)} ${must(write(4, text.place('kept')), 0)} (call $wasi.proc_exit (i32.const ${status})) (unreachable)` }));
    const [well, ill] = [await exit(0), await exit(3)];
    assert.deepEqual([well.end, ill.end, ill.message], ['done', 'agent_exited', 'The agent exited with status 3']);
    assert.equal(readFileSync(join(well.folder, 'out/new.txt'), 'utf8'), 'kept');
  });

  it('writes a file when it is closed, not before, and not when the guest traps', async (t) => {
    const body = (text: GuestText): string => `${must(open(text.place('out/new.txt'), 1), 0)} ${must(write(4, text.place('content')), 0)}`;
    const closed = await runGuest(t, (text) => ({ body: `${body(text)} ${must('(call $wasi.fd_close (i32.const 4))', 0)} ${must('(call $wasi.fd_close (i32.const 4))', 8)}` }));
    assert.equal(readFileSync(join(closed.folder, 'out/new.txt'), 'utf8'), 'content');
    const trapped = await runGuest(t, (text) => ({ body: `${body(text)} (unreachable)` }));
    assert.equal(readFileSync(join(trapped.folder, 'out/new.txt'), 'utf8'), '');
  });

  it('makes, renames and removes what the manifest lets it write', async (t) => {
    const path = (name: string, ...args: string[]): string => `(call $wasi.${name} (i32.const 3) ${args.join(' ')})`;
    const { end, message, folder } = await runGuest(t, (text) => ({
      body: [
        must(path('path_create_directory', text.place('out/made')), 0),
        must(path('path_create_directory', text.place('out/made')), 20),
        must(path('path_create_directory', text.place('elsewhere')), 2),
        must(path('path_create_directory', text.place('out/none/made')), 44),
        must(path('path_rename', text.place('out/full/file'), '(i32.const 3)', text.place('out/made/file')), 0),
        must(path('path_rename', text.place('in.txt'), '(i32.const 3)', text.place('out/in.txt')), 2),
        must(path('path_remove_directory', text.place('out/made')), 55),
        must(path('path_unlink_file', text.place('out/made')), 31),
        must(path('path_unlink_file', text.place('out/made/file')), 0),
        must(path('path_unlink_file', text.place('out/made/file')), 44),
        must(path('path_remove_directory', text.place('out/full')), 0),
        must(path('path_unlink_file', text.place('in.txt')), 2),
      ].join('\n'),
    }));
    assert.equal(end, 'done', message);
    assert.deepEqual([existsSync(join(folder, 'out/full')), existsSync(join(folder, 'out/made')), existsSync(join(folder, 'in.txt'))], [false, true, true]);
  });

  const refused: readonly (readonly [what: string, errno: number, call: (text: GuestText) => string])[] = [
    ['a file outside of the grant', 2, (text) => open(text.place('other.txt'), 1)],
    ['a path that leads out', 63, (text) => open(text.place('out/../../x'))],
    ['an absolute path', 63, (text) => open(text.place('/in.txt'))],
    ['an empty path', 44, (text) => open(text.place(''))],
    ['a path with a NUL', 28, (text) => open(text.place('in.txt\0'))],
    ['a path that is too long', 37, () => open('(i32.const 0) (i32.const 5000)')],
    ['a path outside of memory', 21, () => open('(i32.const 131070) (i32.const 10)')],
    ['a descriptor that is not open', 8, () => '(call $wasi.fd_close (i32.const 99))'],
    ['buffers outside of memory', 21, () => '(call $wasi.fd_write (i32.const 1) (i32.const 131068) (i32.const 1) (i32.const 0))'],
    ['a result outside of memory', 21, () => '(call $wasi.clock_time_get (i32.const 0) (i64.const 0) (i32.const -4))'],
    ['random bytes outside of memory', 21, () => '(call $wasi.random_get (i32.const 131000) (i32.const 1000))'],
    ['no subscriptions', 28, () => '(call $wasi.poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))'],
    ['more subscriptions than there are', 28, () => '(call $wasi.poll_oneoff (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))'],
    ['a clock that there is not', 28, () => '(call $wasi.clock_time_get (i32.const 9) (i64.const 0) (i32.const 0))'],
    ['a signal', 52, () => '(call $wasi.proc_raise (i32.const 9))'],
    ['a link', 58, (text) => `(call $wasi.path_symlink ${text.place('in.txt')} (i32.const 3) ${text.place('out/link')})`],
    ['to write what was opened to be read', 76, (text) => `(block (result i32) ${must(open(text.place('in.txt'), 0, '(i64.const 2) (i64.const 0)'), 0)} ${write(4, text.place('x'))})`],
    ['a file of more bytes than one may have', 22, (text) => `(block (result i32) ${must(open(text.place('out/x'), 1), 0)} ${FULL_FILE('16777217')})`],
    ['more files at once than the host holds', 48, (text) => `(block (result i32) ${[0, 1, 2, 3, 4].map((n) => `${must(open(text.place(`out/${n}`), 1), 0)}`).join('')} ${[4, 5, 6, 7].map((fd) => must(FULL_FILE('16777216').replace('(i32.const 4)', `(i32.const ${fd})`), 0)).join('')} ${FULL_FILE('1').replace('(i32.const 4)', '(i32.const 8)')})`],
  ];
  for (const [what, errno, call] of refused) {
    it(`refuses ${what}`, async (t) => {
      const { end, message } = await runGuest(t, (text) => ({ body: must(call(text), errno) }));
      assert.equal(end, 'done', message);
    });
  }

  it('writes to the new name of a file that is renamed while it is open', async (t) => {
    const { end, message, folder } = await runGuest(t, (text) => ({
      body: [
        must(open(text.place('out/old'), 1), 0),
        must(write(4, text.place('before ')), 0),
        must(`(call $wasi.path_rename (i32.const 3) ${text.place('out/old')} (i32.const 3) ${text.place('out/new')})`, 0),
        must(write(4, text.place('after')), 0),
        must('(call $wasi.fd_close (i32.const 4))', 0),
      ].join('\n'),
    }));
    assert.equal(end, 'done', message);
    assert.equal(readFileSync(join(folder, 'out/new'), 'utf8'), 'before after');
    assert.equal(existsSync(join(folder, 'out/old')), false);
  });

  it('loses what is written to a file that is removed while it is open', async (t) => {
    const { end, message, folder } = await runGuest(t, (text) => ({
      body: [
        must(open(text.place('out/old'), 1), 0),
        must(`(call $wasi.path_unlink_file (i32.const 3) ${text.place('out/old')})`, 0),
        must(write(4, text.place('after')), 0),
        must('(call $wasi.fd_close (i32.const 4))', 0),
      ].join('\n'),
    }));
    assert.equal(end, 'done', message);
    assert.equal(existsSync(join(folder, 'out/old')), false);
  });

  it('takes so many buffers and subscriptions at once, and no more', async (t) => {
    // In memory that is zero, buffers are empty ones at 0; subscriptions are given the type 2, to write to descriptor 1.
    const poll = (count: number): string => `(call $wasi.poll_oneoff (i32.const 65536) (i32.const 327680) (i32.const ${count}) (i32.const 8))`;
    const { end, message } = await runGuest(t, () => ({
      pages: 9,
      body: `${must('(call $wasi.fd_write (i32.const 1) (i32.const 4096) (i32.const 1024) (i32.const 24))', 0)}
        ${must('(call $wasi.fd_write (i32.const 1) (i32.const 4096) (i32.const 1025) (i32.const 24))', 28)}
        (loop $l (i32.store8 (i32.add (i32.const 65544) (i32.mul (local.get $i) (i32.const 48))) (i32.const 2)) (i32.store8 (i32.add (i32.const 65552) (i32.mul (local.get $i) (i32.const 48))) (i32.const 1))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4097))))
        ${must(poll(4096), 0)} ${must('(i32.load (i32.const 8))', 4096)} ${must(poll(4097), 28)}`,
    }));
    assert.equal(end, 'done', message);
  });

  it('logs a line that does not end once it has the length of one', async (t) => {
    const stay = (length: number) => runGuest(t, () => ({
      body: `(i32.store (i32.const 32) (i32.const 4096)) (i32.store (i32.const 36) (i32.const ${length})) (drop (call $wasi.fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 24)))
        (drop (call $wasi.fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 24)))`,
    }));
    assert.equal((await stay(8_192)).lines.length, 2);
    assert.equal((await stay(4_095)).lines.length, 1);
  });

  it('opens so many descriptors and no more', async (t) => {
    const opens = (count: number) => (text: GuestText) => ({
      body: `(loop $l ${must(open(text.place('in.txt')), 0)} (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count})))) ${must(open(text.place('in.txt')), 33)}`,
    });
    const { end, message } = await runGuest(t, opens(1020), { budgets: { stepsMax: 10 } });
    assert.equal(end, 'done', message);
  });

  it('lets time go on for a guest that waits by reading it', async (t) => {
    const { end, message } = await runGuest(t, () => ({
      body: `(drop (call $wasi.clock_time_get (i32.const 1) (i64.const 0) (i32.const 16))) (local.set $long (i64.load (i32.const 16)))
        (loop $l (drop (call $wasi.clock_time_get (i32.const 1) (i64.const 0) (i32.const 16))) (br_if $l (i64.lt_u (i64.load (i32.const 16)) (i64.add (local.get $long) (i64.const 3000000)))))`,
    }));
    assert.equal(end, 'done', message);
  });
});
