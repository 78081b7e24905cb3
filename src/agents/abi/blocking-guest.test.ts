import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import type { NanosError } from '../../protocol/errors.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import type { RunResult } from '../run/agent-run.ts';
import { forkRun } from '../run/fork-run.ts';
import { replayRun } from '../run/replay-run.ts';
import { resumeRun } from '../run/resume-run.ts';
import { RunSuspended } from '../run/run-suspended.ts';
import { startRun, type StartedRun } from '../run/start-run.ts';
import { GuestText } from '../run/test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest, type TestFolder, type TestManifest } from '../run/test-environment.ts';
import { assemble, blockingModule, type BlockingParts } from './test-blocking-agent.ts';

interface Ended extends RunResult, TestFolder {
  readonly run: StartedRun;
  readonly entries: readonly JournalEntry[];
  readonly lines: readonly string[];
}

type Parts = (text: GuestText) => BlockingParts;

/** Runs a guest to its end, live, and replays it to the same end. */
async function runGuest(t: TestContext, parts: Parts, manifest: TestManifest = {}, signal?: AbortSignal): Promise<Ended> {
  const place = testFolder(t);
  mkdirSync(join(place.folder, 'out'));
  writeFileSync(join(place.folder, 'in.txt'), 'content');
  const text = new GuestText();
  const environment = testEnvironment(place, signal === undefined ? {} : { signal });
  const run = await startRun(testManifest(place, blockingModule(text, parts(text)), manifest), environment);
  const result = await run.result;
  await checkReplay(run, result);
  return { ...place, ...result, run, entries: entriesOf(run.file), lines: environment.lines };
}

async function checkReplay({ file, module }: StartedRun, result: RunResult): Promise<void> {
  const reader = JournalReader.open(file);
  try {
    reader.verify();
    const replay = await replayRun(reader, module);
    assert.deepEqual([replay.end, replay.message, replay.fuel, replay.steps], [result.end, result.message, result.fuel, result.steps]);
  } finally {
    reader.close();
  }
}

/** Traps unless the instruction gives this number. */
function must(instruction: string, value: number): string {
  return `(if (i32.ne ${instruction} (i32.const ${value})) (then (unreachable)))`;
}

const OUT = '(i32.const 65536) (i32.const 1000)';

/** Copies in.txt to out/copy.txt. */
const copy: Parts = (text) => ({
  body: `(local.set $n (call $env.fs_read ${text.place('in.txt')} ${OUT}))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (unreachable)))
    ${must(`(call $env.fs_write ${text.place('out/copy.txt')} (i32.const 65536) (local.get $n) (i32.const 70000) (i32.const 8))`, 2)}
    ${must('(i32.load16_u (i32.const 70000))', 0x4b4f)}`,
});

/** Waits for a minute: a subscription to the clock, then the event. */
const wait = `(i64.store (i32.const 536) (i64.const 60000000000)) (drop (call $wasi.poll_oneoff (i32.const 512) (i32.const 600) (i32.const 1) (i32.const 700)))`;

describe('BlockingGuest: the older synchronous ABI', () => {
  it('reads and writes files by calls that return their result', async (t) => {
    const { end, message, steps, folder } = await runGuest(t, copy);
    assert.deepEqual([end, message, steps], ['done', '', 2]);
    assert.equal(readFileSync(join(folder, 'out/copy.txt'), 'utf8'), 'content');
  });

  it('tells goal and tools, as much of them as fits', async (t) => {
    const { end, message } = await runGuest(
      t,
      () => ({
        body: `${must(`(call $env.get_manifest_goal ${OUT})`, 15)} ${must('(i32.load8_u (i32.const 65536))', 0x66)}
          ${must('(call $env.get_manifest_goal (i32.const 65536) (i32.const 4))', 4)}
          ${must(`(call $env.get_manifest_tools ${OUT})`, '["fs_read"]'.length)}`,
      }),
      { tools: ['fs_read'] },
    );
    assert.equal(end, 'done', message);
  });

  it('gives an error as a number below 0, and leaves the buffer alone', async (t) => {
    const { end, message, lines } = await runGuest(t, (text) => ({
      body: `(i32.store (i32.const 65536) (i32.const 7))
        ${must(`(call $env.fs_write ${text.place('in.txt')} (i32.const 0) (i32.const 1) ${OUT})`, -1)}
        ${must(`(call $env.fs_read ${text.place('none.txt')} ${OUT})`, -4)}
        ${must(`(call $env.llm_infer ${text.place('Hello')} ${OUT})`, -8)}
        ${must(`(call $env.memory_store ${text.place('a fact')})`, 1)}
        ${must(`(call $env.memory_recall ${text.place('unheard of')} ${OUT})`, -4)}
        ${must(`(call $env.agent_send ${text.place('other')} ${text.place('Hello')})`, -8)}
        ${must(`(call $env.agent_recv ${OUT})`, -8)}
        ${must(`(call $env.mcp_call ${text.place('server')} ${text.place('tool')} ${text.place('{}')} ${OUT})`, -1)}
        ${must(`(call $env.mcp_call ${text.place('server')} ${text.place('tool')} ${text.place('{')} ${OUT})`, -2)}
        ${must(`(call $env.web_get ${text.place('http://example.com/')} ${OUT})`, -1)}
        ${must('(i32.load (i32.const 65536))', 7)}`,
    }));
    assert.equal(end, 'done', message);
    assert.equal(lines.filter((line) => line.startsWith('denied')).length, 3);
  });

  const faults: readonly (readonly [what: string, end: string, parts: Parts])[] = [
    ['a path past the end of memory', 'agent_abi', () => ({ body: `(drop (call $env.fs_read (i32.const 131070) (i32.const 5) ${OUT}))` })],
    ['a buffer past the end of memory', 'agent_abi', (text) => ({ body: `(drop (call $env.fs_read ${text.place('in.txt')} (i32.const 131070) (i32.const 5)))` })],
    ['a negative length', 'agent_abi', () => ({ body: `(drop (call $env.get_manifest_goal (i32.const 0) (i32.const -1)))` })],
    ['an endless loop', 'fuel_limit', () => ({ body: '(loop $l (br $l))' })],
    ['endless calls', 'depth_limit', () => ({ body: '(call $deep)', more: '(func $deep (call $deep) (call $deep))' })],
    ['a trap', 'agent_trapped', () => ({ body: '(unreachable)' })],
    ['a trap after a call', 'agent_trapped', (text) => ({ body: `(drop (call $env.fs_read ${text.place('in.txt')} ${OUT})) (unreachable)` })],
    ['a step too many', 'step_limit', (text) => ({ body: `(loop $l (drop (call $env.fs_read ${text.place('in.txt')} ${OUT})) (br $l))` })],
  ];
  for (const [what, end, parts] of faults) {
    it(`ends by ${what}: ${end}`, async (t) => {
      const result = await runGuest(t, parts, { budgets: { fuelMax: 30_000_000n } });
      assert.equal(result.end, end, result.message);
    });
  }

  it('takes its fuel over the run and from call to call', async (t) => {
    const reads: Parts = (text) => ({
      body: `(loop $l (drop (call $env.fs_write ${text.place('out/x')} (i32.const 0) (i32.const 1) ${OUT}))
        (local.set $n (i32.const 0)) (loop $work (br_if $work (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))`,
    });
    const { fuel, entries } = await runGuest(t, reads);
    const rests = entries.flatMap((entry) => (entry.kind === 'rest' ? [BigInt(entry.head.fuel)] : []));
    assert.equal(rests.length, 4);
    const longest = rests.map((spent, index) => spent - (rests[index - 1] ?? 0n)).reduce((a, b) => (a > b ? a : b));
    assert.equal((await runGuest(t, reads, { budgets: { fuelMax: fuel } })).end, 'done');
    assert.equal((await runGuest(t, reads, { budgets: { fuelMax: fuel - 1n } })).end, 'fuel_limit');
    assert.equal((await runGuest(t, reads, { budgets: { fuelPerResumeMax: longest } })).end, 'done');
    assert.equal((await runGuest(t, reads, { budgets: { fuelPerResumeMax: longest - 1n } })).end, 'fuel_limit');
  });

  it('grows to its memory and no further', async (t) => {
    const grow: Parts = () => ({ body: must('(memory.grow (i32.const 2))', 2) });
    assert.equal((await runGuest(t, grow, { budgets: { memoryBytesMax: 4 * 65_536 } })).end, 'done');
    assert.equal((await runGuest(t, grow, { budgets: { memoryBytesMax: 3 * 65_536 } })).end, 'memory_limit');
    await assert.rejects(runGuest(t, grow, { budgets: { memoryBytesMax: 65_536 } }), (error: NanosError) => error.code === 'memory_limit');
  });

  it('fails when it returns something else than 0', async (t) => {
    const place = testFolder(t);
    const module = assemble('(module (memory (export "memory") 1) (func (export "run_agent") (result i32) (i32.const 3)))');
    const { end } = await (await startRun(testManifest(place, module), testEnvironment(place))).result;
    assert.equal(end, 'agent_threw');
  });

  it('calls the constructors of a library first', async (t) => {
    const { end, message } = await runGuest(t, () => ({ body: must('(global.get $made)', 1), more: '(global $made (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $made (i32.const 1)))' }));
    assert.equal(end, 'done', message);
  });
});

describe('BlockingGuest: while it waits', () => {
  it('ends at its wall limit', async (t) => {
    assert.equal((await runGuest(t, () => ({ body: wait }), { budgets: { wallMsMax: 50 } })).end, 'wall_limit');
  });

  it('ends when it is cancelled', async (t) => {
    assert.equal((await runGuest(t, () => ({ body: wait }), {}, AbortSignal.timeout(50))).end, 'cancelled');
  });

  it('refuses a snapshot by name', async (t) => {
    const { entries } = await runGuest(t, copy);
    const rests = entries.flatMap((entry) => (entry.kind === 'rest' ? [entry] : []));
    assert.ok(rests.length > 1);
    for (const { head, body } of rests) assert.deepEqual([head.snapshot, head.state, body], [{ refused: 'waits with a live stack' }, undefined, undefined]);
  });

  it('goes on, once suspended, from the start with the recorded results', async (t) => {
    const place = testFolder(t);
    mkdirSync(join(place.folder, 'out'));
    writeFileSync(join(place.folder, 'in.txt'), 'content');
    const text = new GuestText();
    const shorter = wait.replace('60000000000', '300000000');
    const module = blockingModule(text, { body: `${copy(text).body} ${shorter}` });
    const controller = new AbortController();
    const watching = testEnvironment(place);
    const environment = {
      ...watching,
      signal: controller.signal,
      watcher: { ...watching.watcher, rest: ({ pending }: { pending: ReadonlyMap<number, { name: string }> }) => [...pending.values()].some(({ name }) => name === 'timer') && controller.abort(new RunSuspended()) },
    };
    const run = await startRun(testManifest(place, module), environment);
    await assert.rejects(run.result, RunSuspended);
    rmSync(join(place.folder, 'in.txt'));
    rmSync(join(place.folder, 'out'), { recursive: true });
    const result = await resumeRun(run.file, run.module, { kind: 'stop' }, testEnvironment(place));
    assert.deepEqual([result.end, result.steps], ['done', 2]);
    await checkReplay(run, result);
  });

  it('is forked by running it again up to the step', async (t) => {
    const parent = await runGuest(t, copy);
    const reader = JournalReader.open(parent.run.file);
    t.after(() => reader.close());
    rmSync(join(parent.folder, 'in.txt'));
    const fork = forkRun(reader, parent.run.module, { step: 1, edit: 'edited', uncertain: { kind: 'stop' } }, testEnvironment(parent));
    const result = await fork.result;
    assert.deepEqual([result.end, result.steps], ['done', 2]);
    assert.equal(readFileSync(join(parent.folder, 'out/copy.txt'), 'utf8'), 'edited');
    await checkReplay(fork, result);
  });
});

describe('BlockingGuest: modules', () => {
  const refused: readonly (readonly [what: string, source: string, message: RegExp])[] = [
    ['another type of an import', '(import "env" "fs_read" (func (param i32 i64 i32 i32) (result i32)))', /env\.fs_read as \(i32, i64, i32, i32\) -> \(i32\), and it is \(i32, i32, i32, i32\)/u],
    ['a function that there is not', '(import "env" "eval_js" (func))', /env\.eval_js/u],
    ['an inherited name', '(import "env" "toString" (func))', /env\.toString/u],
    ['imports of another ABI', '(import "nanos" "clock" (func (result i64)))', /nanos\.clock, which goes with other exports/u],
  ];
  for (const [what, source, message] of refused) {
    it(`refuses ${what}`, async (t) => {
      const place = testFolder(t);
      const module = assemble(`(module ${source} (memory (export "memory") 1) (func (export "run_agent")))`);
      await assert.rejects(startRun(testManifest(place, module), testEnvironment(place)), (error: NanosError) => error.code === 'module_refused' && message.test(error.message));
    });
  }

  it('refuses another type of an import of the ABI that yields', async (t) => {
    const place = testFolder(t);
    const module = assemble(`(module (import "nanos" "syscall" (func (param i32 i32 i64 i32) (result i64))) (memory (export "memory") 1)
      (func (export "nanos_alloc") (param i32) (result i32) (i32.const 0)) (func (export "nanos_start") (result i32) (i32.const 0)) (func (export "nanos_resume") (param i32 i32 i32 i32) (result i32) (i32.const 0)))`);
    await assert.rejects(startRun(testManifest(place, module), testEnvironment(place)), (error: NanosError) => error.code === 'module_refused' && error.message.includes('nanos.syscall as'));
  });

  it('refuses a module without a memory to speak of', async (t) => {
    const place = testFolder(t);
    await assert.rejects(startRun(testManifest(place, assemble('(module (func (export "_start")))')), testEnvironment(place)), (error: NanosError) => error.code === 'module_refused');
  });
});
