/** A program for WASI preview 1, compiled by AssemblyScript with its WASI shim, as an agent. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forkRun } from '../../src/agents/run/fork-run.ts';
import { replayRun } from '../../src/agents/run/replay-run.ts';
import { startRun, type StartedRun } from '../../src/agents/run/start-run.ts';
import { testEnvironment, testFolder, testManifest, type TestManifest } from '../../src/agents/run/test-environment.ts';
import { JournalReader } from '../../src/recording/journal-reader.ts';
import { compileAssemblyScriptText } from '../support/compile-assemblyscript.ts';

/** What the shim's own configuration says, whose paths hold only for programs beside it. */
const SHIM = [
  '--lib',
  relative(process.cwd(), fileURLToPath(new URL('../../node_modules/@assemblyscript/wasi-shim/assembly', import.meta.url))),
  ...['ASC_WASI=1', 'abort=wasi_abort', 'trace=wasi_trace', 'seed=wasi_seed', 'console=wasi_console', 'crypto=wasi_crypto', 'performance=wasi_performance', 'process=wasi_process', 'Date=wasi_Date'].flatMap((use) => ['--use', use]),
  '--exportStart',
  '_start',
];

/** Reads the file that its argument names, and writes it in capitals to out/copy.txt. Descriptor 3 is the folder. */
const PROGRAM = `
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(fd: i32, lookup: i32, path: usize, length: usize, flags: i32, rights: u64, inheriting: u64, fdFlags: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, list: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, list: usize, count: i32, result: usize): i32;
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: i32): i32;

const result = memory.data(8);
const list = memory.data(8);
const buffer = memory.data(256);

function open(path: string, flags: i32, rights: u64): i32 {
  const bytes = String.UTF8.encode(path);
  const errno = path_open(3, 0, changetype<usize>(bytes), bytes.byteLength, flags, rights, 0, 0, result);
  if (errno != 0) {
    console.error("open " + path + ": errno " + errno.toString());
    process.exit(10 + errno);
  }
  return load<i32>(result);
}

const source = open(process.argv[1], 0, 2);
store<i32>(list, <i32>buffer);
store<i32>(list, 256, 4);
fd_read(source, list, 1, result);
const text = String.UTF8.decodeUnsafe(buffer, load<i32>(result)).toUpperCase();
fd_close(source);
console.log(text);
console.log(Date.now() > 1600000000000 ? "clock" : "no clock");

const target = open("out/copy.txt", 1 | 8, 64);
const copy = String.UTF8.encode(text);
store<i32>(list, <i32>changetype<usize>(copy));
store<i32>(list, copy.byteLength, 4);
fd_write(target, list, 1, result);
fd_close(target);
`;

describe('a program for WASI', () => {
  let module: Uint8Array;
  before(async () => {
    module = await compileAssemblyScriptText(PROGRAM, SHIM);
  });

  async function run(t: TestContext, manifest: TestManifest = {}) {
    const place = testFolder(t);
    mkdirSync(join(place.folder, 'out'));
    writeFileSync(join(place.folder, 'in.txt'), 'hello');
    const environment = testEnvironment(place);
    const started = await startRun(testManifest(place, module, { goal: 'in.txt', ...manifest }), environment);
    const result = await started.result;
    await checkReplay(started, result);
    return { ...place, ...result, started, lines: environment.lines };
  }

  async function checkReplay(started: StartedRun, result: { end: string; message: string; fuel: bigint }): Promise<void> {
    const reader = JournalReader.open(started.file);
    try {
      reader.verify();
      const replay = await replayRun(reader, started.module);
      assert.deepEqual([replay.end, replay.message, replay.fuel], [result.end, result.message, result.fuel]);
    } finally {
      reader.close();
    }
  }

  it('gets its goal as an argument, reads, logs and writes', async (t) => {
    const { end, message, folder, lines } = await run(t);
    assert.equal(end, 'done', message);
    assert.equal(readFileSync(join(folder, 'out/copy.txt'), 'utf8'), 'HELLO');
    assert.deepEqual(lines, ['info: HELLO', 'info: clock']);
  });

  it('is told EACCES where the manifest denies', async (t) => {
    const { message, folder, lines } = await run(t, { permissions: { fsWrite: [] } });
    assert.equal(message, 'The agent exited with status 12');
    assert.equal(existsSync(join(folder, 'out/copy.txt')), false);
    assert.ok(lines.includes('info: Error: open out/copy.txt: errno 2'), lines.join('\n'));
    assert.ok(lines.some((line) => line.startsWith('denied: fs_write')), lines.join('\n'));
  });

  it('can not leave its folder', async (t) => {
    assert.equal((await run(t, { goal: '../secret' })).message, 'The agent exited with status 73');
    assert.equal((await run(t, { goal: '/etc/passwd' })).message, 'The agent exited with status 73');
    assert.equal((await run(t, { goal: 'none.txt' })).message, 'The agent exited with status 54');
  });

  it('is forked by running it again', async (t) => {
    const parent = await run(t);
    const reader = JournalReader.open(parent.started.file);
    t.after(() => reader.close());
    rmSync(join(parent.folder, 'in.txt'));
    const fork = forkRun(reader, parent.started.module, { step: 2, edit: 'other', uncertain: { kind: 'stop' } }, testEnvironment(parent));
    const result = await fork.result;
    assert.equal(result.end, 'done', result.message);
    assert.equal(readFileSync(join(parent.folder, 'out/copy.txt'), 'utf8'), 'OTHER');
    await checkReplay(fork, result);
  });
});
