import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import type { ApprovalRequest } from '../../protocol/agent/control.ts';
import type { DecisionEntry, JournalEntry } from '../../protocol/agent/recording.ts';
import { waitingCalls } from '../../recording/approvals.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { JournalWriter } from '../../recording/journal-writer.ts';
import { pendingApproval } from '../../recording/pending-approval.ts';
import { summarizeRun } from '../../recording/run-summary.ts';
import type { SyscallHandler } from '../syscall-handler.ts';
import type { RunResult } from './agent-run.ts';
import type { UncertainRule } from './continue-run.ts';
import { DecisionBox } from './decision-box.ts';
import { editedReply } from './edited-reply.ts';
import { forkRun } from './fork-run.ts';
import { recordDecision } from './record-decision.ts';
import { replayRun } from './replay-run.ts';
import type { RunEnvironment } from './run-environment.ts';
import { resumeRun } from './resume-run.ts';
import { startRun } from './start-run.ts';
import { agentModule, compileTestAgent, GuestText, sys } from './test-agent.ts';
import { blockingModule } from '../abi/test-blocking-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest, testModule, type TestEnvironment, type TestFolder, type TestManifest } from './test-environment.ts';

/** Does what its goal says, in one go, and tells how each call went. */
const WORKER = `
  const told = (promise) => promise.then(() => 'ok', (error) => error.code + ' ' + error.rule + ' ' + error.message);
  const plan = JSON.parse(await agent.getGoal());
  const writes = (plan.writes ?? []).map(([path, text, times = 1]) => told(fs.writeFile(path, text.repeat(times))));
  const reads = (plan.reads ?? []).map((path) => told(fs.readFile(path)));
  console.log('reads ' + (await Promise.all(reads)).join());
  if (plan.ms) await new Promise((resolve) => setTimeout(resolve, plan.ms));
  const moves = (plan.moves ?? []).map(([from, to]) => told(fs.rename(from, to)));
  await agent.done((await Promise.all([...writes, ...moves])).join('; '));
`;

interface Plan {
  readonly writes?: readonly (readonly [path: string, text: string, times?: number])[];
  readonly reads?: readonly string[];
  readonly ms?: number;
  readonly moves?: readonly (readonly [from: string, to: string])[];
}

interface Begun extends TestFolder {
  readonly file: string;
  readonly result: RunResult;
  readonly environment: TestEnvironment;
}

const APPROVE: TestManifest = { approve: ['fs_write', 'fs_rename'] };

describe('approvals', () => {
  let module: Uint8Array;

  before(async () => {
    module = await compileTestAgent(WORKER);
  });

  async function begin(t: TestContext, plan: Plan, more: TestManifest = APPROVE, parts: Partial<RunEnvironment> = {}): Promise<Begun> {
    const place = testFolder(t);
    mkdirSync(join(place.folder, 'out'));
    writeFileSync(join(place.folder, 'in.txt'), 'input');
    writeFileSync(join(place.folder, 'out/old.txt'), 'old');
    const environment = testEnvironment(place, parts);
    const run = await startRun(testManifest(place, module, { goal: JSON.stringify(plan), ...more }), environment);
    return { ...place, file: run.file, result: await run.result, environment };
  }

  function decide({ file, environment }: Begun, call: number, request: ApprovalRequest): void {
    recordDecision(file, { call, request, by: 'command', decidedMs: 1 }, environment);
  }

  async function resume(begun: Begun, { file = begun.file, uncertain = { kind: 'stop' }, environment = begun.environment }: { file?: string; uncertain?: UncertainRule; environment?: RunEnvironment } = {}): Promise<RunResult> {
    return resumeRun(file, await testModule(begun, module), uncertain, environment);
  }

  async function replayed(begun: Begun, file = begun.file): Promise<string> {
    const reader = JournalReader.open(file);
    try {
      reader.verify();
      const { end, message } = await replayRun(reader, await testModule(begun, module));
      return `${end}: ${message}`;
    } finally {
      reader.close();
    }
  }

  function waiting(file: string): number[] {
    const reader = JournalReader.open(file);
    try {
      return waitingCalls(reader).map(({ entry }) => entry.head.call);
    } finally {
      reader.close();
    }
  }

  const read = ({ folder }: TestFolder, path: string): string => readFileSync(join(folder, path), 'utf8');
  const statusOf = ({ file }: { file: string }): string => summarizeRun(file, '').status;
  const decisions = (file: string): DecisionEntry[] => entriesOf(file).filter((entry: JournalEntry): entry is DecisionEntry => entry.kind === 'decision');

  it('pause a run before the call, and let it go on when it is approved', async (t) => {
    const begun = await begin(t, { writes: [['out/a.txt', 'A']], reads: ['in.txt'] });
    assert.equal(begun.result.end, 'waiting');
    assert.match(begun.result.message, /^Waits for approval: call \d, fs_write ".*out\/a\.txt.*A"$/u);
    assert.deepEqual(begun.environment.lines, ['info: reads ok']);
    assert.ok(!existsSync(join(begun.folder, 'out/a.txt')));
    assert.equal(statusOf(begun), 'waiting');
    assert.equal(await replayed(begun), `waiting: ${begun.result.message}`);

    const [call = -1] = waiting(begun.file);
    decide(begun, call, { decision: 'approve' });
    assert.ok(!existsSync(join(begun.folder, 'out/a.txt')));
    assert.equal(statusOf(begun), 'interrupted');
    assert.deepEqual(waiting(begun.file), []);
    const result = await resume(begun);
    assert.deepEqual([result.end, result.message, result.steps], ['done', 'ok', 2]);
    assert.equal(read(begun, 'out/a.txt'), 'A');
    assert.equal(await replayed(begun), 'done: ok');
    assert.deepEqual(decisions(begun.file).map(({ head, outside }) => ({ head, outside })), [{ head: { call, decision: 'approve', by: 'command' }, outside: { decidedMs: 1 } }]);
  });

  it('decide about each call by itself: approve, deny and edit', async (t) => {
    const begun = await begin(t, { writes: [['out/a.txt', 'A'], ['out/b.txt', 'B'], ['out/c.txt', 'C'], ['out/d.txt', 'D']] });
    const [a = -1, b = -1, c = -1, d = -1] = waiting(begun.file);
    decide(begun, b, { decision: 'deny', reason: 'not today' });
    const partly = await resume(begun);
    assert.equal(partly.end, 'waiting');
    assert.deepEqual(waiting(begun.file), [a, c, d]);
    decide(begun, c, { decision: 'edit', arguments: { path: 'out/edited.txt' }, body: 'EDITED' });
    decide(begun, d, { decision: 'edit', body: 'D, as edited' });
    decide(begun, a, { decision: 'approve' });
    const result = await resume(begun);
    assert.equal(result.end, 'done', result.message);
    assert.match(result.message, /^ok; permission_denied approve Permission denied: fs_write .*out\/b\.txt.* \(approve: not today\); ok; ok$/u);
    assert.deepEqual(['out/a.txt', 'out/edited.txt', 'out/d.txt'].map((path) => read(begun, path)), ['A', 'EDITED', 'D, as edited']);
    for (const path of ['out/b.txt', 'out/c.txt']) assert.ok(!existsSync(join(begun.folder, path)), path);
    assert.match(begun.environment.lines.join('\n'), /denied: fs_write: fs_write .*b\.txt.*: approve/u);
    const call = entriesOf(begun.file).find((entry) => entry.kind === 'call' && entry.head.call === c);
    assert.equal(Buffer.from(call?.body ?? []).toString(), '{"path":"out/c.txt"}\nC');
    assert.deepEqual(decisions(begun.file).map(({ body }) => (body === undefined ? '' : Buffer.from(body).toString())), ['', '{"path":"out/edited.txt"}\nEDITED', '{"path":"out/d.txt"}\nD, as edited', '']);
    assert.equal(await replayed(begun), `done: ${result.message}`);
  });

  it('ask nobody about what policy denies, and nobody about other tools', async (t) => {
    const begun = await begin(t, { writes: [['elsewhere.txt', 'X']], reads: ['in.txt'] });
    assert.equal(begun.result.end, 'done');
    assert.match(begun.result.message, /^permission_denied /u);
    assert.ok(!entriesOf(begun.file).some(({ kind }) => kind === 'ask'));
  });

  it('unite the operator’s tools with the manifest’s, observations included', async (t) => {
    const operator = { egress: { hosts: undefined, privateRanges: [] }, withheldPaths: [], readOnlyPaths: [], approve: ['fs_read'] };
    const begun = await begin(t, { reads: ['in.txt'], writes: [['out/a.txt', 'A']] }, { approve: ['fs_write'] }, { operator });
    assert.equal(waiting(begun.file).length, 2);
    for (const call of waiting(begun.file)) decide(begun, call, { decision: 'approve' });
    assert.deepEqual([(await resume(begun)).end, begun.environment.lines], ['done', ['info: reads ok']]);
  });

  it('let an edit widen no grant, and go on waiting', async (t) => {
    const begun = await begin(t, { writes: [['out/a.txt', 'A']] });
    const [call = -1] = waiting(begun.file);
    for (const args of [{ path: 'elsewhere.txt' }, { path: '../out/a.txt' }, { path: 7 }, { path: 'out/a.txt', more: true }]) {
      assert.throws(() => decide(begun, call, { decision: 'edit', arguments: args }), { code: 'edit_refused' }, JSON.stringify(args));
    }
    assert.throws(() => decide(begun, call, { decision: 'edit' }), { code: 'bad_request' });
    assert.equal(statusOf(begun), 'waiting');
    decide(begun, call, { decision: 'edit', arguments: { path: 'out/b.txt' } });
    // what the operator no longer grants when the run goes on is denied all the same
    const operator = { ...begun.environment.operator, readOnlyPaths: [join(begun.folder, 'out/b.txt')] };
    const result = await resume(begun, { environment: { ...begun.environment, operator } });
    assert.match(result.message, /^permission_denied /u);
    assert.ok(!existsSync(join(begun.folder, 'out/b.txt')));
    assert.match(await replayed(begun), /^done: permission_denied/u);
  });

  it('take one decision about a call that waits, and none about any other', async (t) => {
    const begun = await begin(t, { writes: [['out/a.txt', 'A']], reads: ['in.txt'] });
    const [call = -1] = waiting(begun.file);
    assert.throws(() => decide(begun, call + 1, { decision: 'approve' }), { code: 'approval_not_found' });
    const journal = JournalWriter.continue(begun.file);
    assert.throws(() => decide(begun, call, { decision: 'approve' }), { code: 'run_in_use' });
    journal.close();
    decide(begun, call, { decision: 'deny' });
    assert.throws(() => decide(begun, call, { decision: 'approve' }), { code: 'approval_decided' });
    await resume(begun);
    assert.throws(() => decide(begun, call, { decision: 'approve' }), { code: 'run_not_waiting' });
  });

  it('take decisions while the run is under way, and let it go on at once', async (t) => {
    const decisions = new DecisionBox();
    const given: string[] = [];
    const give = (call: number, request: ApprovalRequest): void =>
      void decisions.give({ call, request, by: 'control_api', scope: 'admin', decidedMs: 1 }).then((taken) => given.push(`taken ${taken}`), (error: Error & { code: string }) => given.push(error.code));
    const watcher = {
      log: () => {
        for (const call of [1, 1, 2, 99]) give(call, call === 2 ? { decision: 'edit', arguments: { path: 'elsewhere' } } : { decision: 'approve' });
        give(2, { decision: 'deny' });
      },
      denied: () => undefined,
      rest: () => undefined,
    };
    const begun = await begin(t, { writes: [['out/a.txt', 'A'], ['out/b.txt', 'B']], reads: ['in.txt'], ms: 50 }, APPROVE, { decisions, watcher });
    const calls = entriesOf(begun.file).flatMap((entry) => (entry.kind === 'ask' ? entry.head.call : []));
    assert.deepEqual(calls, [1, 2], 'the calls that the decisions name');
    assert.equal(begun.result.end, 'done');
    assert.match(begun.result.message, /^ok; permission_denied approve /u);
    assert.deepEqual(given.toSorted((a, b) => a.localeCompare(b)), ['approval_decided', 'approval_not_found', 'edit_refused', 'taken true', 'taken true']);
    assert.equal(await decisions.give({ call: 1, request: { decision: 'approve' }, by: 'terminal', decidedMs: 1 }), false);
    assert.equal(await replayed(begun), `done: ${begun.result.message}`);
  });

  it('leave time on the wall, and steps, as they were while nobody decides', async (t) => {
    const budgets = { wallMsMax: 1_000, stepsMax: 2 };
    let nowMs = 0;
    const begun = await begin(t, { writes: [['out/a.txt', 'A'], ['out/b.txt', 'B']] }, { ...APPROVE, budgets }, { monotonicMs: () => nowMs });
    nowMs = 10_000;
    for (const call of waiting(begun.file)) {
      decide(begun, call, { decision: 'approve' });
      nowMs += 10_000;
      await resume(begun);
    }
    assert.equal(statusOf(begun), 'done');
    const third = await begin(t, { writes: [['out/a.txt', 'A'], ['out/b.txt', 'B'], ['out/c.txt', 'C']] }, { ...APPROVE, budgets });
    assert.equal(third.result.end, 'step_limit');
  });

  /** Copies the journal as it is when a call acts: what a process leaves that dies then. */
  function dyingIn(begun: { readonly file: string; readonly environment: RunEnvironment }, name: string, copy: string): RunEnvironment {
    const handlers = new Map(begun.environment.handlers);
    const handler = [...handlers.values()].find((candidate) => candidate.name === name);
    assert.ok(handler !== undefined);
    const dying: SyscallHandler = {
      ...handler,
      act: (args, body, context) => {
        const reader = JournalReader.open(begun.file);
        reader.close();
        for (const suffix of ['', '-wal']) if (existsSync(begun.file + suffix)) copyFileSync(begun.file + suffix, copy + suffix);
        return handler.act(args, body, context);
      },
    };
    handlers.set(handler.name, dying);
    return { ...begun.environment, handlers };
  }

  it('make an approved effect once, or say that it may have happened', async (t) => {
    const begun = await begin(t, { moves: [['out/old.txt', 'out/new.txt']] });
    const [call = -1] = waiting(begun.file);
    decide(begun, call, { decision: 'approve' });
    // died between decision and effect: the effect is made
    const copy = join(begun.folder, 'copy.sqlite');
    const result = await resume(begun, { environment: dyingIn(begun, 'fs_rename', copy) });
    assert.deepEqual([result.end, result.message], ['done', 'ok']);
    assert.equal(read(begun, 'out/new.txt'), 'old');
    // died in the effect, or after it: nobody knows
    const again = await resume(begun, { file: copy });
    assert.equal(again.end, 'uncertain');
    assert.match(again.message, /fs_rename/u);
    const skipped = await resume(begun, { file: copy, uncertain: { kind: 'skip', reply: editedReply('') } });
    assert.deepEqual([skipped.end, skipped.message], ['done', 'ok']);
    assert.equal(await replayed(begun, copy), 'done: ok');
  });

  it('make an approved call again, as it was edited, when twice is once', async (t) => {
    const begun = await begin(t, { writes: [['out/a.txt', 'A']] });
    const [call = -1] = waiting(begun.file);
    decide(begun, call, { decision: 'edit', arguments: { path: 'out/b.txt' } });
    const copy = join(begun.folder, 'copy.sqlite');
    await resume(begun, { environment: dyingIn(begun, 'fs_write', copy) });
    writeFileSync(join(begun.folder, 'out/b.txt'), 'gone');
    assert.deepEqual([(await resume(begun, { file: copy })).end, read(begun, 'out/b.txt')], ['done', 'A']);
    assert.ok(!existsSync(join(begun.folder, 'out/a.txt')));
    assert.equal(await replayed(begun, copy), 'done: ok');
  });

  it('stand in the way of a call that is to be repeated, and was made when nobody had to be asked', async (t) => {
    const place = testFolder(t);
    mkdirSync(join(place.folder, 'out'));
    const environment = testEnvironment(place);
    const copy = join(place.folder, 'copy.sqlite');
    const begun = { file: '', environment };
    const run = await startRun(testManifest(place, module, { goal: JSON.stringify({ writes: [['out/a.txt', 'A']] }) }), dyingIn(begun, 'fs_write', copy));
    begun.file = run.file;
    assert.equal((await run.result).end, 'done');
    writeFileSync(join(place.folder, 'out/a.txt'), 'of somebody else');
    const stricter = { ...environment, operator: { ...environment.operator, approve: ['fs_write'] } };
    const resumed = await resumeRun(copy, await testModule(place, module), { kind: 'stop' }, stricter);
    assert.equal(resumed.end, 'done');
    assert.match(resumed.message, /^permission_denied approve .*nobody had to be asked/u);
    assert.equal(readFileSync(join(place.folder, 'out/a.txt'), 'utf8'), 'of somebody else');
  });

  it('use decisions again in a fork up to its step, and ask anew from there', async (t) => {
    const begun = await begin(t, { writes: [['out/a.txt', 'A']], reads: ['in.txt'], moves: [['out/old.txt', 'out/new.txt']] });
    for (const call of waiting(begun.file)) decide(begun, call, { decision: 'approve' });
    await resume(begun);
    assert.equal(statusOf(begun), 'done');
    const steps = entriesOf(begun.file).flatMap((entry) => (entry.kind === 'reply' && entry.head.step !== undefined ? entry.head : []));
    const moved = steps.at(-1);
    const forks = async (step: number, edit?: unknown): Promise<{ file: string; result: RunResult }> => {
      const reader = JournalReader.open(begun.file);
      const run = forkRun(reader, await testModule(begun, module), { step, uncertain: { kind: 'stop' }, ...(edit === undefined ? {} : { edit }) }, begun.environment);
      return { file: run.file, result: await run.result.finally(() => reader.close()) };
    };
    const edited = await forks(moved?.step ?? 0, { error: { code: 'not_found', message: 'edited' } });
    assert.deepEqual([edited.result.end, edited.result.message], ['done', 'ok; not_found undefined edited']);
    assert.equal(await replayed(begun, edited.file), `done: ${edited.result.message}`);

    const asked = await forks(moved?.step ?? 0);
    assert.equal(asked.result.end, 'waiting');
    assert.deepEqual(waiting(asked.file), [moved?.call]);
    assert.equal(await replayed(begun, asked.file), `waiting: ${asked.result.message}`);
    writeFileSync(join(begun.folder, 'out/old.txt'), 'old again');
    decide({ ...begun, file: asked.file }, moved?.call ?? -1, { decision: 'edit', arguments: { from: 'out/old.txt', to: 'out/third.txt' } });
    assert.equal((await resume(begun, { file: asked.file })).end, 'done');
    assert.equal(read(begun, 'out/third.txt'), 'old again');
    assert.equal(await replayed(begun, asked.file), 'done: ok; ok');

    const first = await forks(1);
    assert.equal(first.result.end, 'waiting', 'what the parent was allowed later is asked about again');
    assert.equal(await replayed(begun, first.file), `waiting: ${first.result.message}`);
  });

  it('show what a hostile agent asks as text, and no more of it than is useful', async (t) => {
    const begun = await begin(t, { writes: [['out/\u001b[2J\u202eexe.txt', '\u001b]0;title\u0007', 100_000]] }, { ...APPROVE, budgets: { memoryBytesMax: 32 * 1024 * 1024, fuelMax: 2_000_000_000n, fuelPerResumeMax: 2_000_000_000n } });
    const reader = JournalReader.open(begun.file);
    t.after(() => reader.close());
    const [approval] = waitingCalls(reader).map(pendingApproval);
    assert.equal(approval?.tool, 'fs_write', begun.result.message);
    assert.deepEqual(JSON.parse(approval?.arguments ?? ''), { path: 'out/\u001b[2J\u202eexe.txt' });
    assert.equal(approval?.body?.bytes, 1_000_000);
    assert.ok((approval?.body?.text.length ?? 0) <= 4_096);
    assert.ok(Buffer.byteLength(begun.result.message) < 1_000);
  });

  it('are over for a call that the agent gives up', async (t) => {
    const place = testFolder(t);
    const text = new GuestText();
    const guest = agentModule(text, {
      start: `(drop ${sys('fs_write', 1, text.place('{"path":"out/a.txt"}\nA'))}) (drop ${sys('timer', 2, text.place('{"ms":1}'))})`,
      resume: `(if (i32.eq (local.get $id) (i32.const 2)) (then (drop ${sys('cancel', 3, text.place('{"id":1}'))})))
        (if (i32.eq (local.get $id) (i32.const 1)) (then (drop ${sys('done', 0, text.place('{}\ngiven up'))})))`,
    });
    const run = await startRun(testManifest(place, guest, APPROVE), testEnvironment(place));
    assert.deepEqual([(await run.result).end, waiting(run.file)], ['done', []]);
    const reader = JournalReader.open(run.file);
    t.after(() => reader.close());
    reader.verify();
    assert.equal((await replayRun(reader, run.module)).message, 'given up');
  });

  it('hold a module of the older, synchronous ABI as well', async (t) => {
    const place = testFolder(t);
    mkdirSync(join(place.folder, 'out'));
    const text = new GuestText();
    const guest = blockingModule(text, { body: `(drop (call $env.fs_write ${text.place('out/a.txt')} ${text.place('A')} (i32.const 70000) (i32.const 8)))` });
    const environment = testEnvironment(place);
    const run = await startRun(testManifest(place, guest, APPROVE), environment);
    const result = await run.result;
    assert.equal(result.end, 'waiting', result.message);
    const [call = -1] = waiting(run.file);
    decide({ ...place, file: run.file, result, environment }, call, { decision: 'approve' });
    assert.equal((await resumeRun(run.file, run.module, { kind: 'stop' }, environment)).end, 'done');
    assert.equal(read(place, 'out/a.txt'), 'A');
  });

  it('do not keep a run from being cancelled', async (t) => {
    const stop = new AbortController();
    const begun = await begin(t, { writes: [['out/a.txt', 'A']] });
    stop.abort();
    const result = await resume(begun, { environment: { ...begun.environment, signal: stop.signal } });
    assert.equal(result.end, 'cancelled');
    assert.throws(() => decide(begun, 2, { decision: 'approve' }), { code: 'run_not_waiting' });
  });
});
