import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './is-loopback.ts';

test('only what can be nothing but this machine', () => {
  for (const host of ['localhost', 'LocalHost', '127.0.0.1', '127.8.9.1', '::1', '[::1]', '::ffff:127.0.0.1']) assert.equal(isLoopback(host), true, host);
  for (const host of ['', '0.0.0.0', '::', '[::]', '10.0.0.1', '128.0.0.1', 'localhost.example', '127.0.0.1.example', '::ffff:10.0.0.1']) assert.equal(isLoopback(host), false, host);
});
