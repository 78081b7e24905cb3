import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staticWorkersConfig, workerLoaderConfig } from './workerd-config.ts';

test('gives sockets only to Workers that listen, and all of them on the loopback', () => {
  const config = staticWorkersConfig([
    { name: 'a', file: 'a/index.js', listens: true },
    { name: 'b', file: 'b/index.js', listens: false },
  ]);
  assert.equal(config.match(/esModule = embed/g)?.length, 2);
  assert.equal(config.match(/address = "127\.0\.0\.1:0"/g)?.length, 1);
  assert.match(config, /\(name = "a", address/);
});

test('quotes paths', () => {
  assert.match(workerLoaderConfig('loader.js', '/tmp/with "quotes"'), /path = "\/tmp\/with \\"quotes\\""/);
});
