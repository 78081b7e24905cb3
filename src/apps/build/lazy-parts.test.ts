import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { Unpacker } from '../../protocol/boundary.ts';
import { LazyParts, lazyParts } from './lazy-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanos-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const files = {
  'opener.js': `export const callPart = Reflect.apply;
    export function openPart(name, ...imports) { trace.push('open ' + name); return (0, eval)(texts[name])(...imports); }`,
  'main.ts': `import { Shared } from './shared.ts';
    import { make, isShared } from './lazy/index.ts';
    import { nested } from './nested/lazy/index.ts';
    trace.push('main');
    globalThis.result = { make, isShared, nested, own: new Shared() };`,
  'shared.ts': `trace.push('shared'); export class Shared {}`,
  'nested/lazy/index.ts': `import { make } from '../../lazy/index.ts'; trace.push('nested'); export const nested = () => make(4).value;`,
  'formats/format.ts': `trace.push('format'); export const size = 7;`,
  'sized/lazy/index.ts': `import { size } from '../../formats/format.ts'; export const sizeOf = () => size;`,
  'sized.ts': `import { sizeOf } from './sized/lazy/index.ts'; trace.push('main'); globalThis.result = sizeOf;`,
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

function unpack(packed: string): Record<string, string> {
  const unpacker = new Unpacker(packed);
  const texts: Record<string, string> = {};
  while (unpacker.next() !== 0) texts[unpacker.field()] = unpacker.field();
  return texts;
}

for (const minify of [false, true]) {
  test(`a lazy part is no part of the script; it is opened once, at the first call, and shares what it imports${minify ? ' (minified)' : ''}`, async () => {
    const parts = new LazyParts({ root: folder, filename: 'api', opener: join(folder, 'opener.js') });
    const { outputFiles } = await build({ entryPoints: [join(folder, 'main.ts')], bundle: true, write: false, minify, format: 'iife', plugins: [lazyParts(parts)] });
    const script = outputFiles[0]?.text ?? '';
    const texts = unpack(parts.pack());
    assert.deepEqual(Object.keys(texts), ['', 'nested']);
    assert.match(texts[''] ?? '', /^\(function\(.*\)\n\/\/# sourceURL=api$/su);
    assert.doesNotMatch(script, /inner|part'|part"/u);

    const trace: string[] = [];
    const scope: { trace: string[]; texts: typeof texts; result?: { make(value: number): { value: number }; isShared(value: unknown): boolean; own: unknown; nested(): number } } = { trace, texts };
    runInNewContext(script, scope);
    assert.deepEqual(trace, ['shared', 'main']);
    const { result } = scope;
    assert.equal(result?.make(21).value, 42);
    assert.deepEqual([result.isShared(result.make(1)), result.isShared(result.own), result.isShared({})], [true, true, false]);
    assert.deepEqual(trace, ['shared', 'main', 'open ', 'inner', 'part']);
    assert.equal(result.nested(), 8);
    assert.deepEqual(trace.slice(5), ['open nested', 'nested']);
    assert.deepEqual([...parts.inputs].map((path) => basename(path)).toSorted(), ['index.ts', 'index.ts', 'inner.ts', 'part.ts']);
  });
}

test('of a module without a state a part has its own copy', async () => {
  const parts = new LazyParts({ root: folder, filename: 'api', opener: join(folder, 'opener.js'), stateless: join(folder, 'formats') });
  const { outputFiles } = await build({ entryPoints: [join(folder, 'sized.ts')], bundle: true, write: false, format: 'iife', plugins: [lazyParts(parts)] });
  const trace: string[] = [];
  const scope: { trace: string[]; texts: Record<string, string>; result?: () => number } = { trace, texts: unpack(parts.pack()) };
  runInNewContext(outputFiles[0]?.text ?? '', scope);
  assert.deepEqual(trace, ['main']);
  assert.equal(scope.result?.(), 7);
  assert.deepEqual(trace, ['main', 'open sized', 'format']);
  assert.deepEqual([...parts.inputs].map((path) => basename(path)).toSorted(), ['format.ts', 'index.ts']);
});

test('the same sources give the same texts', async () => {
  const packed = await Promise.all(
    [1, 2].map(async () => {
      const parts = new LazyParts({ root: folder, filename: 'api', opener: join(folder, 'opener.js') });
      await build({ entryPoints: [join(folder, 'main.ts')], bundle: true, write: false, format: 'iife', plugins: [lazyParts(parts)] });
      return parts.pack();
    }),
  );
  assert.equal(packed[0], packed[1]);
});
