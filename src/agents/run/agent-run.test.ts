import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import type { RunResult } from './agent-run.ts';
import { replayRun } from './replay-run.ts';
import { startRun } from './start-run.ts';
import { GuestText, agentModule, sys, type GuestParts } from './test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest, type TestManifest } from './test-environment.ts';

interface Ended extends RunResult {
  readonly entries: readonly JournalEntry[];
  readonly lines: readonly string[];
}

/** Runs a guest to its end, live, and replays it to the same end. */
async function runGuest(t: TestContext, parts: (text: GuestText) => GuestParts, manifest: TestManifest = {}, signal?: AbortSignal): Promise<Ended> {
  const place = testFolder(t);
  writeFileSync(join(place.folder, 'in.txt'), 'content');
  const text = new GuestText();
  const module = agentModule(text, parts(text));
  const environment = testEnvironment(place, signal === undefined ? {} : { signal });
  const run = await startRun(testManifest(place, module, manifest), environment);
  const result = await run.result;
  const reader = JournalReader.open(run.file);
  try {
    reader.verify();
    const replay = await replayRun(reader, run.module);
    assert.deepEqual([replay.end, replay.message, replay.fuel, replay.steps], [result.end, result.message, result.fuel, result.steps]);
  } finally {
    reader.close();
  }
  return { ...result, entries: entriesOf(run.file), lines: environment.lines };
}

function replies(entries: readonly JournalEntry[]): { status: number; code: string | undefined; denied: string | undefined }[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'reply') return [];
    const { status, denied } = entry.head;
    const code = status === 1 ? (JSON.parse(Buffer.from(entry.body).toString()) as { code: string }).code : undefined;
    return [{ status, code, denied }];
  });
}

const READ = '{"path":"in.txt"}';

describe('AgentRun: what a guest may', () => {
  it('is done when it rests and waits for nothing', async (t) => {
    const { end, message } = await runGuest(t, () => ({ start: '' }));
    assert.deepEqual([end, message], ['done', '']);
  });

  it('fails with what it logged as fatal', async (t) => {
    const result = await runGuest(t, (text) => ({ start: `(drop ${sys('log', 0, text.place('{"level":"fatal"}\nTypeError: no'))}) (return (i32.const 1))` }));
    assert.deepEqual([result.end, result.message], ['agent_threw', 'TypeError: no']);
  });

  it('fails for want of memory when it says so', async (t) => {
    assert.equal((await runGuest(t, () => ({ start: '(return (i32.const 2))' }))).end, 'memory_limit');
  });

  it('exits at once with a status', async (t) => {
    const exit = (status: number) => runGuest(t, (text) => ({ start: `(drop ${sys('exit', 0, text.place(`{"code":${status}}`))}) (unreachable)` }));
    assert.deepEqual([(await exit(0)).end, (await exit(3)).end, (await exit(-1)).end], ['done', 'agent_exited', 'agent_exited']);
    assert.equal((await exit(3)).message, 'The agent exited with status 3');
  });

  it('is done with what it said first, and whatever was pending is given up', async (t) => {
    const result = await runGuest(t, (text) => ({
      start: `(drop ${sys('timer', 1, text.place('{"ms":60000}'))}) (drop ${sys('done', 0, text.place('{}\nfirst'))}) (drop ${sys('done', 0, text.place('{}\nsecond'))})`,
    }));
    assert.deepEqual([result.end, result.message], ['done', 'first']);
  });

  it('has a clock that stands still within an activation and never goes back', async (t) => {
    const result = await runGuest(t, (text) => ({
      start: `(if (i64.ne (call $clock) (call $clock)) (then (unreachable))) (i64.store (i32.const 8) (call $clock)) (drop ${sys('timer', 1, text.place('{"ms":2}'))})`,
      resume: '(if (i64.le_u (call $clock) (i64.load (i32.const 8))) (then (unreachable)))',
    }));
    assert.equal(result.end, 'done', result.message);
  });

  it('probes for syscalls that this host does not know', async (t) => {
    const { end, entries } = await runGuest(t, () => ({ start: `(if (i64.ne ${sys(9999, 1)} (i64.const -1)) (then (unreachable)))` }));
    assert.equal(end, 'done');
    assert.deepEqual(replies(entries), [{ status: 1, code: 'unknown_syscall', denied: undefined }]);
  });

  it('gives up a call, which then fails as aborted', async (t) => {
    const result = await runGuest(t, (text) => ({
      start: `(drop ${sys('timer', 1, text.place('{"ms":60000}'))}) (if (i64.ne ${sys('cancel', 2, text.place('{"id":1}'))} (i64.const 0)) (then (unreachable)))`,
      resume: '(if (i32.ne (local.get $id) (i32.const 1)) (then (unreachable)))',
    }));
    assert.equal(result.end, 'done', result.message);
    assert.deepEqual(replies(result.entries).map(({ code }) => code), [undefined, 'aborted']);
  });

  it('gets replies in the order in which they came', async (t) => {
    // Each reply adds its id to what `done` says in the end: "{}", a line feed, three digits.
    const result = await runGuest(t, (text) => ({
      start: `(drop ${sys('timer', 1, text.place('{"ms":60}'))}) (drop ${sys('timer', 2, text.place('{"ms":1}'))}) (drop ${sys('timer', 3, text.place('{"ms":25}'))})`,
      resume: `(i32.store8 (i32.add (i32.const 103) (i32.load8_u (i32.const 90))) (i32.add (i32.const 48) (local.get $id)))
        (i32.store8 (i32.const 90) (i32.add (i32.load8_u (i32.const 90)) (i32.const 1)))
        (if (i32.eq (i32.load8_u (i32.const 90)) (i32.const 3)) (then (drop ${sys('done', 0, '(i32.const 100) (i32.const 6)')})))`,
      more: '(data (i32.const 100) "{}\\n")',
    }));
    assert.deepEqual([result.end, result.message], ['done', '231']);
  });
});

describe('AgentRun: what a guest must not', () => {
  const denied = [
    ['a file outside of its grant', 'fs_write', '{"path":"other.txt"}\nx', 'permission_denied'],
    ['a tool that is not granted', 'web_fetch', '{"url":"http://example.com/"}', 'permission_denied'],
    ['arguments that are no JSON', 'fs_read', '{path', 'invalid_argument'],
    ['arguments of another shape', 'fs_read', '{"path":1}', 'invalid_argument'],
    ['a body where there is none', 'fs_read', `${READ}\nbody`, 'invalid_argument'],
    ['what is not configured', 'llm_infer', '{}\nhello', 'not_configured'],
  ] as const;
  for (const [what, name, args, code] of denied) {
    it(`gets an error for ${what}`, async (t) => {
      const { end, entries, lines } = await runGuest(t, (text) => ({ start: `(if (i64.ne ${sys(name, 1, text.place(args))} (i64.const -1)) (then (unreachable)))` }), { tools: ['fs_read', 'fs_write', 'llm_infer'] });
      assert.equal(end, 'done');
      const [reply] = replies(entries);
      assert.deepEqual([reply?.status, reply?.code], [1, code]);
      assert.equal(reply?.denied !== undefined, code === 'permission_denied');
      assert.equal(lines.length, code === 'permission_denied' ? 1 : 0);
    });
  }

  const faults: readonly (readonly [what: string, end: string, parts: (text: GuestText) => GuestParts])[] = [
    ['arguments past the end of memory', 'agent_abi', () => ({ start: `(drop ${sys('goal', 1, '(i32.const 262140) (i32.const 5)')})` })],
    ['arguments at negative addresses', 'agent_abi', () => ({ start: `(drop ${sys('goal', 1, '(i32.const -1) (i32.const 2)')})` })],
    ['arguments of negative length', 'agent_abi', () => ({ start: `(drop ${sys('goal', 1, '(i32.const 0) (i32.const -1)')})` })],
    ['random bytes outside of memory', 'agent_abi', () => ({ start: '(call $random (i32.const 262143) (i32.const 2))' })],
    ['too many random bytes', 'agent_abi', () => ({ start: '(call $random (i32.const 0) (i32.const 65537))' })],
    ['a negative id', 'agent_abi', () => ({ start: `(drop ${sys('goal', -1)})` })],
    ['no id where a reply is due', 'agent_abi', (text) => ({ start: `(drop ${sys('fs_read', 0, text.place(READ))})` })],
    ['an id that is in use', 'agent_abi', (text) => ({ start: `(drop ${sys('timer', 7, text.place('{"ms":1000}'))}) (drop ${sys('goal', 7)})` })],
    ['a log without a level', 'agent_abi', (text) => ({ start: `(drop ${sys('log', 0, text.place('{}\nhello'))})` })],
    ['an allocation at 0', 'memory_limit', () => ({ start: `(drop ${sys('goal', 1)})`, alloc: '(i32.const 0)' })],
    ['an allocation outside of memory', 'agent_abi', () => ({ start: `(drop ${sys('goal', 1)})`, alloc: '(i32.const -16)' })],
    ['an allocation that traps', 'agent_trapped', () => ({ start: `(drop ${sys('goal', 1)})`, alloc: '(unreachable)' })],
    ['an allocation that never ends', 'fuel_limit', () => ({ start: `(drop ${sys('goal', 1)})`, alloc: '(loop $l (br $l)) (i32.const 0)' })],
    ['a syscall inside an allocation', 'agent_abi', () => ({ start: `(drop ${sys('goal', 1)})`, alloc: `(drop ${sys('tools', 2)}) (i32.const 1024)` })],
    ['a resume whose allocation fails', 'memory_limit', () => ({ start: `(drop ${sys(9999, 1)})`, alloc: '(i32.const 0)' })],
    ['a resume whose allocation makes a syscall', 'agent_abi', () => ({ start: `(drop ${sys(9999, 1)})`, alloc: `(drop ${sys('tools', 2)}) (i32.const 1024)` })],
    ['an endless loop', 'fuel_limit', () => ({ start: '(loop $l (br $l))' })],
    ['endless calls', 'depth_limit', () => ({ start: '(call $deep)', more: '(func $deep (call $deep) (call $deep))' })],
    ['a trap', 'agent_trapped', () => ({ start: '(unreachable)' })],
    ['endless syscalls', 'agent_abi', (text) => ({ start: `(loop $l (drop ${sys('log', 0, text.place('{"level":"debug"}'))}) (br $l))` })],
    ['endless draws', 'agent_abi', () => ({ start: '(loop $l (call $random (i32.const 0) (i32.const 65536)) (br $l))' })],
  ];
  for (const [what, end, parts] of faults) {
    it(`ends by ${what}: ${end}`, async (t) => {
      const result = await runGuest(t, parts);
      assert.equal(result.end, end, result.message);
    });
  }

  it('goes on after memory grew inside an allocation', async (t) => {
    const result = await runGuest(t, () => ({
      start: `(local.set $reply ${sys('goal', 1)}) (if (i32.ne (i32.load8_u (i32.wrap_i64 (i64.shr_u (local.get $reply) (i64.const 32)))) (i32.const 102)) (then (unreachable)))`,
      alloc: '(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))',
    }));
    assert.equal(result.end, 'done', result.message);
  });

  it('can not catch what ends it', async (t) => {
    const result = await runGuest(t, (text) => ({
      start: `try (drop ${sys('goal', -1)}) catch_all (drop ${sys('done', 0, text.place('{}\nescaped'))}) end`,
    }));
    assert.equal(result.end, 'agent_abi');
  });

  it('acts for nothing that an ended activation asked for', async (t) => {
    const result = await runGuest(t, (text) => ({ start: `(drop ${sys('fs_write', 1, text.place('{"path":"out/x.txt"}\nx'))}) (unreachable)` }));
    assert.equal(result.end, 'agent_trapped');
    assert.deepEqual(replies(result.entries), []);
  });
});

describe('AgentRun: budgets', () => {
  const reads = (count: number) => (text: GuestText) => ({ start: Array.from({ length: count }, () => `(drop ${sys('fs_read', 1, text.place(READ))})`).join('\n') });

  it('takes max_steps steps and no more', async (t) => {
    const atLimit = await runGuest(t, reads(3), { budgets: { stepsMax: 3 } });
    assert.deepEqual([atLimit.end, atLimit.steps], ['done', 3]);
    const past = await runGuest(t, reads(4), { budgets: { stepsMax: 3 } });
    assert.deepEqual([past.end, past.steps], ['step_limit', 3]);
  });

  it('burns its fuel and no more, over the run and at a stretch', async (t) => {
    const twice = (text: GuestText): GuestParts => ({ start: `(drop ${sys('timer', 1, text.place('{"ms":0}'))})`, resume: '(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))' });
    const { fuel } = await runGuest(t, twice);
    assert.equal((await runGuest(t, twice, { budgets: { fuelMax: fuel } })).end, 'done');
    assert.equal((await runGuest(t, twice, { budgets: { fuelMax: fuel - 1n } })).end, 'fuel_limit');
    const rest = (await runGuest(t, twice)).entries.find((entry) => entry.kind === 'rest');
    assert.ok(rest?.kind === 'rest');
    const stretch = fuel - BigInt(rest.head.fuel);
    assert.equal((await runGuest(t, twice, { budgets: { fuelPerResumeMax: stretch } })).end, 'done');
    assert.equal((await runGuest(t, twice, { budgets: { fuelPerResumeMax: stretch - 1n } })).end, 'fuel_limit');
  });

  it('grows to its memory and no further', async (t) => {
    const grow = () => ({ start: '(if (i32.eq (memory.grow (i32.const 4)) (i32.const -1)) (then (unreachable)))' });
    assert.equal((await runGuest(t, grow, { budgets: { memoryBytesMax: 8 * 65_536 } })).end, 'done');
    assert.equal((await runGuest(t, grow, { budgets: { memoryBytesMax: 8 * 65_536 - 1 } })).end, 'memory_limit');
  });

  it('waits until its time is over', async (t) => {
    const wait = (text: GuestText) => ({ start: `(drop ${sys('timer', 1, text.place('{"ms":60000}'))})` });
    assert.equal((await runGuest(t, wait, { budgets: { wallMsMax: 20 } })).end, 'wall_limit');
  });

  it('is cancelled while it waits', async (t) => {
    const wait = (text: GuestText) => ({ start: `(drop ${sys('timer', 1, text.place('{"ms":60000}'))})` });
    assert.equal((await runGuest(t, wait, {}, AbortSignal.timeout(20))).end, 'cancelled');
  });

  it('has its time taken also when it never rests', async (t) => {
    const spin = (text: GuestText) => ({ start: `(loop $l (drop ${sys('fs_list', 1, text.place('{"path":"."}'))}) (br $l))` });
    const result = await runGuest(t, spin, { budgets: { wallMsMax: 30, stepsMax: 50_000 } });
    assert.equal(result.end, 'wall_limit', result.message);
    assert.deepEqual(result.entries.slice(-2).map(({ kind }) => kind), ['call', 'end']);
  });

  it('has its time taken also when replies are always at hand', async (t) => {
    const spin = () => ({ start: `(drop ${sys(9999, 1)})`, resume: `(drop ${sys(9999, 1)})` });
    assert.equal((await runGuest(t, spin, { budgets: { wallMsMax: 30 } })).end, 'wall_limit');
    assert.equal((await runGuest(t, spin, {}, AbortSignal.timeout(30))).end, 'cancelled');
  });
});
