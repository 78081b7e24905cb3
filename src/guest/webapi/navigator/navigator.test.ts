import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installNavigator } from './index.ts';

const global: Record<string, unknown> = {};
installNavigator(global);
const { navigator, Navigator } = global as { navigator: { userAgent: string; languages: string[] }; Navigator: new () => object };

test('packages find a Workers runtime', () => {
  assert.equal(navigator.userAgent, 'Cloudflare-Workers');
  assert.deepEqual(navigator.languages, ['en']);
  assert.equal(String(navigator), '[object Navigator]');
});

test('it is one object, not to be made and not to be changed', () => {
  assert.throws(() => new Navigator(), TypeError);
  assert.throws(() => Object.assign(navigator, { userAgent: 'x' }), TypeError);
  assert.throws(() => Reflect.get(Navigator.prototype, 'userAgent', {}), TypeError);
});
