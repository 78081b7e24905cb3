import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppCaches, type StoredResponse } from './app-caches.ts';

const none = (): undefined => undefined;

function response(bytes: number, more: Partial<StoredResponse> = {}): StoredResponse {
  return { status: 200, statusText: '', headers: [], body: new Uint8Array(bytes), vary: [], storedMs: 0, expiresMs: 100, ...more };
}

test('what is stored is found by its app until it expires', () => {
  const caches = new AppCaches({ appBytesMax: 10_000, bytesMax: 100_000 });
  const stored = response(10);
  assert.ok(caches.put('a', 'k', stored, none));
  assert.equal(caches.find('a', 'k', none, 99), stored);
  assert.equal(caches.find('b', 'k', none, 99), undefined);
  assert.equal(caches.find('a', 'other', none, 99), undefined);
  assert.equal(caches.find('a', 'k', none, 100), undefined);
  assert.equal(caches.bytes, 0);
});

test('variants by the headers of the request', () => {
  const caches = new AppCaches({ appBytesMax: 10_000, bytesMax: 100_000 });
  const [english, german] = ['en', 'de'].map((language) => response(1, { vary: [['accept-language', language]] }));
  caches.put('a', 'k', english!, () => 'en');
  caches.put('a', 'k', german!, () => 'de');
  assert.equal(caches.find('a', 'k', () => 'en', 1), english);
  assert.equal(caches.find('a', 'k', () => 'de', 1), german);
  assert.equal(caches.find('a', 'k', none, 1), undefined);
  assert.equal(caches.delete('a', 'k', () => 'en'), true);
  assert.equal(caches.delete('a', 'k', () => 'en'), false);
  assert.equal(caches.find('a', 'k', () => 'de', 1), german);
});

test('an app that stores too much loses what it used longest ago; one response past the limit is refused', () => {
  const caches = new AppCaches({ appBytesMax: 5_000, bytesMax: 100_000 });
  for (const key of ['1', '2', '3']) caches.put('a', key, response(1_000), none);
  caches.find('a', '1', none, 1);
  caches.put('a', '4', response(1_000), none);
  assert.deepEqual(['1', '2', '3', '4'].map((key) => caches.find('a', key, none, 1) !== undefined), [true, false, true, true]);
  assert.equal(caches.put('a', '5', response(5_000), none), false);
  assert.ok(caches.bytes <= 5_000);
  assert.equal(caches.put('a', 'x', response(5_000 - 512 - 2), none), true, 'at the limit');
  assert.equal(caches.find('a', '4', none, 1), undefined);
  assert.equal(caches.put('a', 'x', response(5_000 - 512 - 1), none), false, 'one past it');
});

test('all apps together have a limit, and clearing one leaves the others', () => {
  const caches = new AppCaches({ appBytesMax: 5_000, bytesMax: 8_000 });
  caches.put('old', 'k', response(3_000), none);
  caches.put('b', 'k', response(3_000), none);
  caches.put('c', 'k', response(3_000), none);
  assert.deepEqual(['old', 'b', 'c'].map((app) => caches.find(app, 'k', none, 1) !== undefined), [false, true, true]);
  caches.clear('b');
  caches.clear('unheard-of');
  assert.equal(caches.find('b', 'k', none, 1), undefined);
  caches.clear('c');
  assert.equal(caches.bytes, 0);
});

test('bodies on their way are bounded too', () => {
  const caches = new AppCaches({ appBytesMax: 100, bytesMax: 1_000 });
  assert.equal(caches.reserve('a', 60), true);
  assert.equal(caches.reserve('a', 41), false);
  assert.equal(caches.reserve('b', 100), true);
  caches.reserve('a', -60);
  assert.equal(caches.reserve('a', 100), true);
});
