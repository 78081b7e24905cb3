import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { entryPlugin } from './entry-plugin.ts';

const root = await realpath(await mkdtemp(join(tmpdir(), 'nanos-entry-')));
test.after(() => rm(root, { recursive: true, force: true }));
let folders = 0;

/** The code esbuild makes of the first file, by the plugin and without it. */
async function both(files: Record<string, string>): Promise<[string, string]> {
  const folder = join(root, `app-${++folders}`);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const [main = ''] = Object.keys(files);
  const specifier = `./${main}`;
  const code = async (plugins: Parameters<typeof build>[0]['plugins'] = []): Promise<string> => {
    const stdin = { contents: `import * as app from ${JSON.stringify(specifier)}; console.log(app)`, resolveDir: folder, sourcefile: 'nanos:entry' };
    const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'iife', absWorkingDir: folder, logLevel: 'silent', plugins });
    return outputFiles?.[0]?.text ?? '';
  };
  return [await code([entryPlugin({ folder, main: join(folder, main), specifier })]), await code()];
}

test('finds what the resolver finds', async () => {
  const cases: Record<string, string>[] = [
    { 'index.js': 'export default 1' },
    { 'src/in[d]ex.ts': "import { b } from '../b.js'; export default b as number", 'b.js': "export { default as b } from './src/b.js'", 'src/b.js': 'export default 2' },
    { 'index.js': "export const a = 1; export * as self from './index.js'; export * as other from './deep/b.js'", 'deep/b.js': "export * from './index.js'", 'deep/index.js': 'export const inner = 3' },
    { 'index.mjs': "import { a } from './a.cjs'; export default a", 'a.cjs': 'exports.a = 1' },
  ];
  for (const files of cases) {
    const [own, resolved] = await both(files);
    assert.equal(own, resolved);
    assert.match(own, /console\.log/);
  }
});

test('leaves the entry to the resolver where a file steers it', async () => {
  const [own, resolved] = await both({ 'index.tsx': 'export default <p/>', 'tsconfig.json': '{"compilerOptions":{"jsx":"react","jsxFactory":"h"}}' });
  assert.match(own, /h\("p"/);
  assert.equal(own, resolved);
});
