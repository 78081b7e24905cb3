import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { JournalReader } from '../../recording/journal-reader.ts';
import { replayRun } from './replay-run.ts';
import { startRun } from './start-run.ts';
import { GuestText, agentModule, sys } from './test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest } from './test-environment.ts';

/** Reads in.txt, writes what it read to out/copy.txt, says so. */
function copier(): Uint8Array {
  const text = new GuestText();
  const read = text.place('{"path":"in.txt"}');
  const write = text.place('{"path":"out/copy.txt"}\n');
  const log = text.place('{"level":"info"}\ncopying');
  const done = text.place('{}\ncopied');
  const [, head = ''] = /const (\d+)/u.exec(write) ?? [];
  return agentModule(text, {
    start: `
      (drop ${sys('log', 0, log)})
      (local.set $reply ${sys('fs_read', 1, read)})
      (memory.copy (i32.const 32768) (i32.const ${head}) (i32.const 24))
      (memory.copy (i32.const 32792) (i32.wrap_i64 (i64.shr_u (local.get $reply) (i64.const 32))) (i32.wrap_i64 (local.get $reply)))
      (drop ${sys('fs_write', 2, '(i32.const 32768) (i32.add (i32.const 24) (i32.wrap_i64 (local.get $reply)))')})`,
    resume: `(if (i32.or (i32.ne (local.get $id) (i32.const 2)) (local.get $status)) (then (return (i32.const 1)))) (drop ${sys('done', 0, done)})`,
  });
}

describe('startRun', () => {
  it('runs an agent, records it, and replays it without its files', async (t) => {
    const place = testFolder(t);
    writeFileSync(join(place.folder, 'in.txt'), 'the secret');
    mkdirSync(join(place.folder, 'out'));
    const environment = testEnvironment(place);
    const run = await startRun(testManifest(place, copier()), environment);
    const result = await run.result;
    assert.equal(result.end, 'done', result.message);
    assert.equal(result.message, 'copied');
    assert.equal(result.steps, 2);
    assert.equal(readFileSync(join(place.folder, 'out/copy.txt'), 'utf8'), 'the secret');
    assert.deepEqual(environment.lines, ['info: copying']);
    assert.deepEqual(entriesOf(run.file).map(({ kind }) => kind), ['run', 'call', 'call', 'reply', 'call', 'rest', 'reply', 'call', 'rest', 'end']);

    rmSync(join(place.folder, 'in.txt'));
    rmSync(join(place.folder, 'out'), { recursive: true });
    const reader = JournalReader.open(run.file);
    t.after(() => reader.close());
    const replay = await replayRun(reader, run.module);
    assert.deepEqual({ end: replay.end, entries: replay.entries, fuel: replay.fuel }, { end: 'done', entries: 10, fuel: result.fuel });
  });
});
