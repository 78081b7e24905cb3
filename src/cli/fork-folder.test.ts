import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DEFAULT_AGENT_BUDGETS } from '../protocol/agent-limits.ts';
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import { JournalReader } from '../recording/journal-reader.ts';
import { RunStore } from '../recording/run-store.ts';
import { endEntry, runEntry } from '../recording/test-journal.ts';
import { testFolder } from '../util/test-folder.ts';
import { forkFolder, isRecordedElsewhere, requireRecordedHere } from './fork-folder.ts';

const MANIFEST: AgentManifest = {
  name: 'a',
  folder: '/nowhere',
  goal: '',
  budgets: DEFAULT_AGENT_BUDGETS,
  permissions: { fsRead: [], fsWrite: [], network: false },
  mcpServers: [],
  approve: [],
  agents: [],
};
const SERVER = { name: 's', args: [], env: {}, headers: {} };

/** A recording of this data directory, and the directory. */
async function recorded(t: TestContext): Promise<{ reader: JournalReader; data: string }> {
  const data = await testFolder(t);
  const writer = new RunStore(data).create(runEntry());
  writer.append(endEntry(0));
  writer.commit();
  writer.close();
  const reader = JournalReader.open(writer.file);
  t.after(() => reader.close());
  return { reader, data };
}

test('a recording made here goes on where it was', async (t) => {
  const { reader, data } = await recorded(t);
  assert.equal(isRecordedElsewhere(reader, data), false);
  assert.equal(forkFolder(reader, { ...MANIFEST, mcpServers: [{ ...SERVER, command: 'server' }] }, { data }), undefined);
  requireRecordedHere(reader, data);
});

test('one that stands elsewhere works where it is told, and does not go on', async (t) => {
  const { reader } = await recorded(t);
  const data = await testFolder(t);
  assert.throws(() => forkFolder(reader, MANIFEST, { data }), { code: 'usage', message: /--folder DIR/u });
  assert.throws(() => requireRecordedHere(reader, data), { code: 'usage' });
  mkdirSync(join(data, 'folder'));
  symlinkSync('folder', join(data, 'link'));
  assert.equal(forkFolder(reader, MANIFEST, { data, folder: join(data, 'link') }), join(realpathSync(data), 'folder'));
  writeFileSync(join(data, 'file'), '');
  for (const none of ['none', 'file']) assert.throws(() => forkFolder(reader, MANIFEST, { data, folder: join(data, none) }), { code: 'folder_unreadable' });
});

test('one that stands elsewhere starts no programs and gets no secrets', async (t) => {
  const { reader, data: folder } = await recorded(t);
  const data = await testFolder(t);
  const means: readonly Partial<AgentManifest>[] = [
    { mcpServers: [{ ...SERVER, command: 'server' }] },
    { mcpServers: [{ ...SERVER, url: 'https://a.test/', headers: { authorization: { template: 'Bearer ${KEY}' } } }] },
    { model: { provider: 'openai', apiUrl: 'https://a.test/', apiKey: { template: '${KEY}' } } },
  ];
  for (const asked of means) assert.throws(() => forkFolder(reader, { ...MANIFEST, ...asked }, { data, folder }), { code: 'forbidden' });
});
