import assert from 'node:assert/strict';
import test from 'node:test';
import { bundleApi } from './bundle-api.ts';

test('the script is ASCII: V8 keeps it in every isolate, at one byte a character', async () => {
  const { script } = await bundleApi();
  assert.match(script, /^[\0-\x7f]+$/u);
});
