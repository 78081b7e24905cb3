import assert from 'node:assert/strict';
import test from 'node:test';
import { mayImport } from './may-import.ts';

test('own files and packages of the folder or above it', () => {
  for (const path of ['/srv/app/index.ts', '/srv/app/node_modules/p/i.js', '/srv/node_modules/p/i.js', '/node_modules/p/i.js']) {
    assert.equal(mayImport('/srv/app', path, false), true, path);
  }
});

test('nothing else', () => {
  for (const path of ['/srv/app', '/srv/app2/index.ts', '/srv/other/node_modules/p/i.js', '/etc/passwd', '/srv/node_modules', '/srv/node_modules2/x.js']) {
    assert.equal(mayImport('/srv/app', path, false), false, path);
  }
});

test('a confined app has its own folder only', () => {
  assert.equal(mayImport('/srv/app', '/srv/app/node_modules/p/i.js', true), true);
  assert.equal(mayImport('/srv/app', '/srv/node_modules/p/i.js', true), false);
});
