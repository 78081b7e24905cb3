import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearestKey } from './nearest-key.ts';

const keys = ['name', 'main', 'hostname', 'hostnames', 'port', 'limits'];

it('finds what was meant behind a slip of the finger', () => {
  assert.equal(nearestKey('nmae', keys), 'name');
  assert.equal(nearestKey('nam', keys), 'name');
  assert.equal(nearestKey('Name', keys), 'name');
  assert.equal(nearestKey('hostnme', keys), 'hostname');
  assert.equal(nearestKey('limit', keys), 'limits');
});

it('guesses nothing when nothing is near', () => {
  assert.equal(nearestKey('completely_different', keys), undefined);
  assert.equal(nearestKey('', keys), undefined);
  assert.equal(nearestKey('name'.repeat(100), keys), undefined);
});
