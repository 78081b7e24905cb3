import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPrograms } from '../read-programs.ts';
import { batches } from './batches.ts';

test('every program is in one batch, and what must be alone is, after all others', () => {
  const programs = readPrograms();
  const made = batches(programs, 4);
  assert.deepEqual(new Set(made.flat()), new Set(programs));
  assert.equal(made.flat().length, programs.length);
  const firstAlone = made.findIndex(([program]) => program?.isAlone === true);
  assert.ok(made.slice(0, firstAlone).every((batch) => batch.length <= 4 && batch.every(({ isAlone }) => !isAlone)));
  assert.ok(made.slice(firstAlone).every((batch) => batch.length === 1 && batch[0]?.isAlone === true));
});
