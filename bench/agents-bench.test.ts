import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { QUICK, type AgentBenchSize } from './agents/agent-bench-size.ts';
import { compileSample } from './agents/guests/sample-agent.ts';
import { TRIVIAL_AGENT } from './agents/guests/typescript-agents.ts';
import { AGENT_SECTION_NAMES, type AgentFigure } from './agents/report/agent-figure.ts';
import type { AgentReport } from './agents/report/format-agent-report.ts';
import { measureAgents } from './agents-bench.ts';
import { manifestBench } from './manifest-bench.ts';

const LINUX_ONLY = process.platform === 'linux' ? false : 'the bench runs on Linux';
const SMALLER: AgentBenchSize = { ...QUICK, warmStarts: 20, freshStarts: 1, calls: 1_000, roundTrips: 20, idleAgents: 5, meteringRounds: 1, snapshotRuns: 1, restores: 5, snapshotRestores: 2, journalSteps: 40 };

const silent = { quick: true, say: () => undefined, signal: new AbortController().signal };

/** Whatever was measured is a figure: a number, of so many samples. Differences may be less than nothing on a busy machine. */
function assertFigure({ name, unit, value, samples, targets }: AgentFigure): void {
  assert.ok(Number.isFinite(value) && (value > 0 || unit === 'MB' || name.includes('over bare')), `${name}: ${value} ${unit}`);
  assert.ok(samples > 0, name);
  for (const { text, isMet } of targets) assert.deepEqual([text.startsWith('< '), typeof isMet], [true, 'boolean'], name);
}

test('measures every section, with nothing beside it where there is no peer', { skip: LINUX_ONLY }, async () => {
  const { figures, notes, peer } = await measureAgents({ ...silent, only: undefined, size: SMALLER, secureExec: undefined, notes: [] });
  assert.deepEqual(notes.filter((note) => note.includes('FAILED')), []);
  assert.deepEqual([...new Set(figures.map(({ section }) => section))], [...AGENT_SECTION_NAMES]);
  for (const figure of figures) assertFigure(figure);
  assert.equal(peer, 'secure-exec: not installed');
  assert.ok(figures.some(({ beside }) => beside.some(({ name }) => name === 'node -e 0')));
});

test('there is no other section', { skip: LINUX_ONLY }, async () => {
  await assert.rejects(measureAgents({ ...silent, only: 'idle', size: SMALLER, secureExec: undefined, notes: [] }), /no section idle/);
});

test('a bench that is stopped ends', { skip: LINUX_ONLY }, async () => {
  await assert.rejects(measureAgents({ ...silent, signal: AbortSignal.abort(new Error('stopped')), only: 'boot', size: SMALLER, secureExec: undefined, notes: [] }), /^Error: stopped$/);
});

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-bench-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('measures one agent by its manifest, with what that grants', async (t) => {
  const { manifestFile } = await compileSample(folderOf(t), 'trivial', TRIVIAL_AGENT);
  const { figures, peer } = JSON.parse(await manifestBench(manifestFile, { ...silent, only: undefined, format: 'json' })) as AgentReport;
  assert.equal(peer, 'agent: trivial');
  assert.deepEqual(figures.filter(({ section }) => section === 'calls').map(({ name }) => name), ['goal', 'tools', 'fs_list of its folder', 'fs_stat of note.txt', 'fs_read of note.txt, 1024 bytes']);
  assert.ok(figures.some(({ name }) => name === 'compiled: instantiate, start, first syscall'));
  for (const figure of figures) assertFigure(figure);
  assert.match(await manifestBench(manifestFile, { ...silent, only: undefined, format: 'markdown' }), /\| goal \| /);
});
