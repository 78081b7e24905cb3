import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultOperatorPolicy, type OperatorPolicy } from '../protocol/operator.ts';
import type { ServeOptions } from '../protocol/serve-options.ts';
import { cellMemoryCeiling, machineMemory } from './cell-memory-ceiling.ts';
import { settleOptions } from './settle-options.ts';

const OPEN = { host: undefined, controlPort: undefined, appsPort: undefined, cells: undefined, dataDir: undefined, graceMs: undefined };
const REST = { folders: ['apps'], configFile: undefined, agentsFolder: undefined, dev: false, auth: true };
const FILE = { host: '::1', controlPort: 1, appsPort: 2, cells: 3, dataDir: '/srv/nanos', graceMs: 0 };
const LINE = { host: '127.0.0.2', controlPort: 0, appsPort: 5, cells: 6, dataDir: '/tmp/data', graceMs: 7 };

function ofMachine(cells: number): number {
  return cellMemoryCeiling(machineMemory(), cells);
}

function settle(given: Partial<ServeOptions>, written: Partial<OperatorPolicy> = {}): object {
  return settleOptions({ ...REST, ...OPEN, ...given }, { ...defaultOperatorPolicy(), ...written });
}

test('the command line comes before the operator’s file, and that before the defaults', () => {
  assert.deepEqual(settle({}), { ...REST, host: '127.0.0.1', controlPort: 8080, appsPort: 3000, cells: 1, dataDir: join(process.cwd(), '.nanos'), graceMs: 10_000, cellMemoryBytes: ofMachine(1) });
  assert.deepEqual(settle({}, FILE), { ...REST, ...FILE, cellMemoryBytes: ofMachine(3) });
  assert.deepEqual(settle(LINE, { ...FILE, cellMemoryBytes: 7_000 }), { ...REST, ...LINE, cellMemoryBytes: 7_000 });
});

test('no authentication goes with a loopback address only, whoever names the address', () => {
  assert.ok(settle({ auth: false }, { host: '::1' }));
  assert.throws(() => settle({ auth: false, host: '0.0.0.0' }), { code: 'usage' });
  assert.throws(() => settle({ auth: false }, { host: '192.0.2.1' }), { code: 'usage' });
});

test('control plane and apps need two ports', () => {
  assert.ok(settle({ controlPort: 0, appsPort: 0 }));
  assert.throws(() => settle({ appsPort: 8080 }), { code: 'usage' });
  assert.throws(() => settle({ controlPort: 4000 }, { appsPort: 4000 }), { code: 'usage' });
});
