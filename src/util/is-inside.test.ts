import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isInside } from './is-inside.ts';

it('knows what is below a folder', () => {
  assert.ok(isInside('/a', '/a/b'));
  assert.ok(isInside('/a', '/a/..b/c'));
  assert.ok(isInside('/', '/a'));
});

it('knows what is not', () => {
  for (const path of ['/a', '/ab', '/', '/a/../b', '/b/a']) assert.ok(!isInside('/a', path), path);
});
