import assert from 'node:assert/strict';
import test from 'node:test';
import { moduleRules } from './module-rules.ts';

test('names without a rule are the bundler’s affair', () => {
  const typeOf = moduleRules('/app', []);
  assert.equal(typeOf('/app/index.ts'), undefined);
  assert.equal(typeOf('/app/data.json'), undefined);
});

test('wrangler’s default rules hold in the folder and in packages above it', () => {
  const typeOf = moduleRules('/home/app', []);
  assert.equal(typeOf('/home/app/a.txt'), 'Text');
  assert.equal(typeOf('/home/app/deep/.hidden/page.html'), 'Text');
  assert.equal(typeOf('/home/app/q.sql'), 'Text');
  assert.equal(typeOf('/home/app/a.bin'), 'Data');
  assert.equal(typeOf('/home/node_modules/p/a.wasm'), 'CompiledWasm');
});

test('the app’s own rules win and may carry a query', () => {
  const typeOf = moduleRules('/app', [
    { type: 'Data', globs: ['assets/*.txt'] },
    { type: 'Text', globs: ['./**/*.md', '**/*.wat?module'] },
  ]);
  assert.equal(typeOf('/app/assets/a.txt'), 'Data');
  assert.equal(typeOf('/app/a.txt'), 'Text');
  assert.equal(typeOf('/app/README.md'), 'Text');
  assert.equal(typeOf('/app/x/y.wat'), 'Text');
});
