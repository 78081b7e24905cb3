import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_BUDGETS_MAX } from '../../protocol/agent-limits.ts';
import { readRecordedManifest, recordManifest } from './recorded-manifest.ts';
import { testFolder, testManifest } from './test-environment.ts';

test('a manifest comes back as it was recorded', (t) => {
  const place = testFolder(t);
  const manifest = { ...testManifest(place, new Uint8Array(), { budgets: AGENT_BUDGETS_MAX }), file: `${place.folder}/agent.nano` };
  assert.deepEqual(readRecordedManifest(recordManifest(manifest)), manifest);
});

test('a recording asks for no more than a manifest can', (t) => {
  const manifest = testManifest(testFolder(t), new Uint8Array());
  const { budgets, permissions } = manifest;
  const hostile = [
    { ...manifest, folder: '.' },
    { ...manifest, binary: '../agent.wasm' },
    { ...manifest, budgets: { ...budgets, fuelPerResumeMax: AGENT_BUDGETS_MAX.fuelPerResumeMax + 1n } },
    { ...manifest, budgets: { ...budgets, memoryBytesMax: AGENT_BUDGETS_MAX.memoryBytesMax + 1 } },
    { ...manifest, permissions: { ...permissions, fsRead: ['../**'] } },
    { ...manifest, permissions: { ...permissions, fsWrite: ['/etc/**'] } },
  ];
  for (const asked of hostile) assert.throws(() => readRecordedManifest(recordManifest(asked)), { code: 'recording_invalid' });
});
