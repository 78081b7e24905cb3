/** The built-in agent with the model that comes with nanos: manifests without code, and what they do. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, it, type TestContext } from 'node:test';
import { readManifest } from '../../src/agents/manifest/read-manifest.ts';
import type { RunResult } from '../../src/agents/run/agent-run.ts';
import { createHandlers } from '../../src/agents/run/handlers.ts';
import { replayRun } from '../../src/agents/run/replay-run.ts';
import { startRun } from '../../src/agents/run/start-run.ts';
import { entriesOf, testEnvironment, testFolder, type TestFolder } from '../../src/agents/run/test-environment.ts';
import { Models } from '../../src/host/models.ts';
import { JournalReader } from '../../src/recording/journal-reader.ts';
import { engineMissing } from '../support/engine-missing.ts';

const GOAL = 'Read the file instruction.txt, find the secret code inside it, and write ONLY the secret code into a new file called secret.txt. Then call done.';
const MANIFEST = `name: secret\ngoal: ${GOAL}\npermissions: { fs_read: [instruction.txt], fs_write: [secret.txt] }\ntools: [fs_read, fs_write]\n`;

const SECRETS = [
  'ALPHA-7731', 'blue-falcon-42', 'QX-7731-b', '849201', 'zebra', 'K9#mP2', 'red_panda_7', 'A1B2C3D4', 'f00dbabe', 'Omega7',
  'nano-2031-x', '7-blue-herons', 'TANGO', 'v3.14', 'GREEN/9', 'x9y8z7', 'delta.echo', 'ROOM-101', 'c0ffee42', 'Lima-5-Kilo',
] as const;
/** It is a small model: docs/models.md. */
const SECRETS_FOUND_MIN = 15;

interface Ran {
  readonly result: RunResult;
  readonly file: string;
  readonly folder: string;
  readonly lines: readonly string[];
}

describe('the built-in agent', { skip: engineMissing() }, () => {
  const folder = testFolder({ after } as TestContext);
  const models = new Models(folder.dataDir, { threadsMax: 1 });
  after(() => models.close());

  async function runIn(t: TestContext, manifest: string, instruction: string): Promise<Ran> {
    const own = testFolder(t);
    writeFileSync(join(own.folder, 'agent.nano'), manifest);
    writeFileSync(join(own.folder, 'instruction.txt'), instruction);
    return runFile(own, 'agent.nano');
  }

  async function runFile(own: TestFolder, name: string): Promise<Ran> {
    const handlers = createHandlers({
      openEgress: async () => (await import('../../src/net/egress/egress.ts')).createEgress(),
      openModel: (request) => models.forManifest(request, { hosts: undefined, privateRanges: [] }, () => assert.fail('no key')),
      dataDir: folder.dataDir,
    });
    const environment = testEnvironment({ ...own, dataDir: folder.dataDir }, { handlers });
    const { file, result } = await startRun((await readManifest(join(own.folder, name))).manifest, environment);
    return { result: await result, file, folder: own.folder, lines: environment.lines };
  }

  it(`finds at least ${SECRETS_FOUND_MIN} of ${SECRETS.length} secrets`, async (t) => {
    const missed: string[] = [];
    for (const secret of SECRETS) {
      const { folder: at } = await runIn(t, MANIFEST, `Welcome to the mission. The secret code is ${secret}. Do not share it with anyone.`);
      const file = join(at, 'secret.txt');
      const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
      if (found !== secret) missed.push(`${secret}: ${found}`);
    }
    t.diagnostic(`${SECRETS.length - missed.length} of ${SECRETS.length}; missed: ${missed.join(', ')}`);
    assert.ok(SECRETS.length - missed.length >= SECRETS_FOUND_MIN, missed.join('\n'));
  });

  it('says what was denied, and the run is replayed without a model', async (t) => {
    for (const [permissions, tools, tool] of [
      ['{ fs_read: [], fs_write: [secret.txt] }', '[fs_read, fs_write]', 'fs_read'],
      ['{ fs_read: [instruction.txt], fs_write: [] }', '[fs_read, fs_write]', 'fs_write'],
      ['{ fs_read: [instruction.txt], fs_write: [secret.txt] }', '[fs_write]', 'fs_read'],
      ['{ fs_read: [instruction.txt], fs_write: [secret.txt] }', '[fs_read]', 'fs_write'],
    ] as const) {
      const { result, file, folder: at, lines } = await runIn(t, `name: secret\ngoal: ${GOAL}\npermissions: ${permissions}\ntools: ${tools}\n`, 'The secret code is OAK-12.');
      assert.deepEqual([result.end, result.message], ['done', `Could not finish: ${tool} was denied.`], lines.join('\n'));
      assert.ok(lines.some((line) => line.startsWith(`denied: ${tool}`)));
      assert.ok(!existsSync(join(at, 'secret.txt')));
      assert.equal(readFileSync(join(at, 'instruction.txt'), 'utf8'), 'The secret code is OAK-12.');
      const reader = JournalReader.open(file);
      t.after(() => reader.close());
      const { recordedModule } = await import('../../src/agents/run/recorded-module.ts');
      assert.equal((await replayRun(reader, await recordedModule(reader, folder.dataDir))).message, result.message);
    }
  });

  it('charges the tokens, and ends when they are used up', async (t) => {
    const { result, file } = await runIn(t, `${MANIFEST}resources: { tokens: 200 }\n`, 'The secret code is OAK-12.');
    assert.equal(result.end, 'token_limit');
    const entries = entriesOf(file);
    const charged = entries.reduce((sum, entry) => sum + (entry.kind === 'reply' ? (entry.outside?.tokens ?? 0) : 0), 0);
    assert.ok(charged > 100 && charged <= 200 && charged === result.tokens, `${charged}, ${result.tokens}`);
    assert.match(result.message, /budget has \d+ left/);
  });

  it('the example runs as it stands, and is denied without its grant', async (t) => {
    const own = testFolder(t);
    cpSync(fileURLToPath(new URL('../../examples/agents/goal', import.meta.url)), own.folder, { recursive: true });
    const { result: denied } = await runFile(own, 'denied.nano');
    assert.deepEqual([denied.end, denied.message], ['done', 'Could not finish: fs_write was denied.']);
    assert.ok(!existsSync(join(own.folder, 'secret.txt')));
    const { result } = await runFile(own, 'agent.nano');
    assert.deepEqual([result.end, result.message, readFileSync(join(own.folder, 'secret.txt'), 'utf8')], ['done', 'Wrote the secret code to secret.txt.', 'BLUE-HERON-7']);
  });

  it('calculates in the sandbox', async (t) => {
    const { result, lines } = await runIn(t, 'name: sum\ngoal: Calculate 12 * 7 and write the result to sum.txt\npermissions: { fs_write: [sum.txt] }\n', '');
    assert.equal(result.end, 'done', lines.join('\n'));
    assert.ok(lines.includes('info:   "84"'), lines.join('\n'));
  });
});
