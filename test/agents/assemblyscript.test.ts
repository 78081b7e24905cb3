/** The example in AssemblyScript: built as its README says, run, replayed, denied. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readManifest } from '../../src/agents/manifest/read-manifest.ts';
import { replayRun } from '../../src/agents/run/replay-run.ts';
import { startRun } from '../../src/agents/run/start-run.ts';
import { testEnvironment, testFolder } from '../../src/agents/run/test-environment.ts';
import { JournalReader } from '../../src/recording/journal-reader.ts';
import { compileAssemblyScript } from '../support/compile-assemblyscript.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/agents/assemblyscript', import.meta.url));

async function runExample(t: TestContext, change: (folder: string) => void = () => undefined) {
  const place = testFolder(t);
  cpSync(EXAMPLE, place.folder, { recursive: true });
  writeFileSync(join(place.folder, 'agent.wasm'), await compileAssemblyScript(join(EXAMPLE, 'assembly/agent.ts'), ['--use', 'abort=']));
  change(place.folder);
  const environment = testEnvironment(place);
  const { manifest } = await readManifest(join(place.folder, 'agent.nano'));
  const run = await startRun(manifest, environment);
  const result = await run.result;
  rmSync(join(place.folder, 'notes.txt'), { force: true });
  const reader = JournalReader.open(run.file);
  t.after(() => reader.close());
  const replay = await replayRun(reader, run.module);
  assert.deepEqual([replay.end, replay.message, replay.fuel], [result.end, result.message, result.fuel]);
  return { ...result, folder: place.folder, lines: environment.lines };
}

test('it reads, logs, writes and is done', async (t) => {
  const { end, message, steps, folder, lines } = await runExample(t);
  const summary = "3 notes, the longest: water the herons' pond before the sun is high";
  assert.deepEqual([end, message, steps], ['done', summary, 2]);
  assert.equal(readFileSync(join(folder, 'summary.txt'), 'utf8'), `${summary}\n`);
  assert.deepEqual(lines, [`info: ${summary}`]);
});

test('it fails with what it was denied', async (t) => {
  const { end, message } = await runExample(t, (folder) => {
    const manifest = join(folder, 'agent.nano');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('[summary.txt]', '[]'));
  });
  assert.equal(end, 'agent_threw');
  assert.equal((JSON.parse(message) as { code: string }).code, 'permission_denied');
});

test('it fails when its notes are missing', async (t) => {
  const { end, message } = await runExample(t, (folder) => rmSync(join(folder, 'notes.txt')));
  assert.equal(end, 'agent_threw');
  assert.equal((JSON.parse(message) as { code: string }).code, 'not_found');
});
