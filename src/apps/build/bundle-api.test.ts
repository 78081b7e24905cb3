import assert from 'node:assert/strict';
import test from 'node:test';
import { bundleApi } from './bundle-api.ts';

test('script and lazy parts are ASCII: V8 keeps them at one byte a character', async () => {
  const { script, partTexts } = await bundleApi();
  assert.match(script, /^[\0-\x7f]+$/u);
  assert.match(partTexts, /^[\0-\x7f]+$/u);
});
