import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { pathFromHere } from './path-from-here.ts';

test('what lies below the working directory is reached from there, and the rest as it is named', () => {
  const here = process.cwd();
  assert.equal(pathFromHere(join(here, 'artefacts', 'key.nanos')), 'artefacts/key.nanos');
  for (const file of [here, resolve(here, '..'), join(resolve(here, '..'), 'beside'), '/']) assert.equal(pathFromHere(file), file);
});
