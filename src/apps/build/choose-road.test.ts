import assert from 'node:assert/strict';
import test from 'node:test';
import { SNAPSHOT_BYTES_MIN, wantsSnapshot } from './choose-road.ts';

test('large scripts want a snapshot, from the limit on', () => {
  assert.equal(wantsSnapshot({ scriptBytes: SNAPSHOT_BYTES_MIN, awaits: false, wasmModules: 0 }), true);
  assert.equal(wantsSnapshot({ scriptBytes: SNAPSHOT_BYTES_MIN - 1, awaits: false, wasmModules: 0 }), false);
});

test('what a snapshot can not hold is run instead', () => {
  assert.equal(wantsSnapshot({ scriptBytes: 1e9, awaits: true, wasmModules: 0 }), false);
  assert.equal(wantsSnapshot({ scriptBytes: 1e9, awaits: false, wasmModules: 1 }), false);
});
