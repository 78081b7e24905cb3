import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { lazyParts } from './lazy-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanos-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const files = {
  'main.ts': `import { Shared } from './shared.ts';
    import { make, isShared } from './lazy/index.ts';
    trace.push('main');
    globalThis.result = { make, isShared, own: new Shared() };`,
  'shared.ts': `trace.push('shared'); export class Shared {}`,
  'lazy/index.ts': `export { isShared, make } from './part.ts';`,
  'lazy/part.ts': `import { Shared } from '../shared.ts';
    import { twice } from './inner.ts';
    trace.push('part');
    export function make(value: number): Shared & { value: number } { return Object.assign(new Shared(), { value: twice(value) }); }
    export function isShared(value: unknown): boolean { return value instanceof Shared; }`,
  'lazy/inner.ts': `import { Shared } from '../shared.ts';
    trace.push('inner');
    export const twice = (value: number): number => (Shared.name.length > 0 ? value * 2 : 0);`,
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

for (const minify of [false, true]) {
  test(`a lazy part is evaluated once, at the first call, and shares what it imports${minify ? ' (minified)' : ''}`, async () => {
    const inputs = new Set<string>();
    const { outputFiles } = await build({ entryPoints: [join(folder, 'main.ts')], bundle: true, write: false, minify, keepNames: true, format: 'iife', plugins: [lazyParts(inputs)] });
    const trace: string[] = [];
    const scope: { trace: string[]; result?: { make(value: number): { value: number }; isShared(value: unknown): boolean; own: unknown } } = { trace };
    runInNewContext(outputFiles[0]?.text ?? '', scope);
    assert.deepEqual(trace, ['shared', 'main']);
    const { result } = scope;
    assert.equal(result?.make(21).value, 42);
    assert.deepEqual([result.isShared(result.make(1)), result.isShared(result.own), result.isShared({})], [true, true, false]);
    assert.deepEqual(trace, ['shared', 'main', 'inner', 'part']);
    assert.deepEqual([...inputs].map((path) => basename(path)).toSorted(), ['index.ts', 'inner.ts', 'part.ts']);
  });
}
