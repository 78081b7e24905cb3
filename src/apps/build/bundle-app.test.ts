import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import type { ModuleRule } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { StackMapper } from '../artefact/stack-mapper.ts';
import { bundleApp, type Bundle } from './bundle-app.ts';

const root = await realpath(await mkdtemp(join(tmpdir(), 'nanos-bundle-')));
test.after(() => rm(root, { recursive: true, force: true }));
const repositoryPackages = fileURLToPath(new URL('../../../node_modules/', import.meta.url));

type Files = Record<string, string | Uint8Array>;
let folders = 0;

async function folderOf(files: Files): Promise<string> {
  const folder = join(root, `app-${++folders}`);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

interface Options {
  readonly rules?: readonly ModuleRule[];
  readonly vars?: Record<string, string>;
}

async function bundle(files: Files, { rules = [], vars = {} }: Options = {}): Promise<Bundle> {
  const folder = await folderOf(files);
  return bundleApp({ folder, main: join(folder, Object.keys(files)[0] ?? ''), rules, vars, confined: false });
}

async function failure(files: Files): Promise<NanosError> {
  const error: unknown = await bundle(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof NanosError, 'the build fails');
  return error;
}

/** Runs the script and returns the registered module's `default`, or what was registered otherwise. */
function run({ script }: Bundle): { default: unknown; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const nanos = (...args: unknown[]): unknown => {
    calls.push(args);
    return `module ${String(args[1])}`;
  };
  new Script(script, { filename: 'app.js' }).runInContext(createContext({ __nanos: nanos, atob, calls }));
  const app = calls.find(([operation]) => operation === 'app')?.[1] as { default: unknown } | undefined;
  return { default: app?.default, calls };
}

/** From another context: compared by content only. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('TypeScript, with its source map', async () => {
  const built = await bundle({ 'src/index.ts': 'type A = string;\nconst a: A = "x";\n\nthrow new Error(a);\nexport default {};' });
  const thrown: unknown = await Promise.resolve().then(() => run(built)).catch((error: unknown) => error);
  assert.deepEqual(new StackMapper(built.sourceMap).positionInStack(String(thrown)), { file: 'src/index.ts', line: 4, column: 7 });
  assert.deepEqual(built.inputs.map(({ path }) => path.slice(path.indexOf('/src'))), ['/src/index.ts']);
});

test('JSON, text, data and wrangler’s rules', async () => {
  const files = {
    'index.js': `import json from './a.json'; import text from './a.txt'; import sql from './a.sql'; import page from './a.html';
      import data from './a.bin'; import note from './note.md'; import odd from './odd.script';
      export default { json, text, sql, page, data: [data instanceof ArrayBuffer, ...new Uint8Array(data)], note, odd };`,
    'a.json': '{"a":[1]}',
    'a.txt': 'Größe\n',
    'a.sql': 'SELECT 1',
    'a.html': '<p>',
    'a.bin': Uint8Array.from({ length: 256 }, (_, i) => i),
    'note.md': '# note',
    'odd.script': 'export default 7',
  };
  const rules: ModuleRule[] = [
    { type: 'Text', globs: ['**/*.md'] },
    { type: 'ESModule', globs: ['**/*.script'] },
  ];
  assert.deepEqual(plain(run(await bundle(files, { rules })).default), {
    json: { a: [1] },
    text: 'Größe\n',
    sql: 'SELECT 1',
    page: '<p>',
    data: [true, ...Array.from({ length: 256 }, (_, i) => i)],
    note: '# note',
    odd: 7,
  });
});

const EMPTY_WASM = [0, 97, 115, 109, 1, 0, 0, 0];

test('imported WebAssembly defines no memory: isolates make them', async () => {
  const built = await bundle({ 'index.js': `import a from './a.wasm'; export default a;`, 'a.wasm': new Uint8Array([...EMPTY_WASM, 5, 3, 1, 0, 7]) });
  const [{ bytes } = { bytes: new Uint8Array() }] = built.wasm;
  assert.match(Buffer.from(bytes).toString('latin1'), /nanos:memory.0,7,,0/su);
});

for (const [what, bytes, message] of [
  ['bytes that are no module', [1], 'The file is not a valid WebAssembly module'],
  ['a memory of 64 bits', [...EMPTY_WASM, 5, 3, 1, 4, 1], 'The module has a memory of 64 bits or of another page size'],
] as const) {
  test(`WebAssembly is refused: ${what}`, async () => {
    await assert.rejects(bundle({ 'index.js': `import a from './a.wasm'; export default a;`, 'a.wasm': new Uint8Array(bytes) }), { code: 'build_failed', message, position: { file: 'a.wasm' } });
  });
}

test('imported WebAssembly keeps its index, whatever order the files are read in', async () => {
  const files = {
    'index.js': `import z from './z.wasm'; import a from './a.wasm?module'; import again from './z.wasm'; export default [a, z, again === z];`,
    'z.wasm': new Uint8Array([...EMPTY_WASM, 0, 2, 1, 122]),
    'a.wasm': new Uint8Array(EMPTY_WASM),
  };
  const built = await bundle(files);
  assert.deepEqual(built.wasm.map(({ file, bytes }) => [file, [...bytes]]), [['a.wasm', EMPTY_WASM], ['z.wasm', [...EMPTY_WASM, 0, 2, 1, 122]]]);
  assert.deepEqual(plain(run(built).default), ['module 0', 'module 1', true]);
});

test('TSX by the folder’s tsconfig and by pragma', async () => {
  const tsx = 'export default { page: <p class="a">hi</p> };';
  const jsx = 'export function jsx(type, props) { return [type, props]; }';
  const byConfig = await bundle({
    'index.tsx': tsx,
    'tsconfig.json': '{"compilerOptions":{"jsx":"react-jsx","jsxImportSource":"mine"}}',
    'node_modules/mine/package.json': '{"name":"mine","exports":{"./jsx-runtime":"./jsx.js"}}',
    'node_modules/mine/jsx.js': jsx,
  });
  assert.deepEqual(plain(run(byConfig).default), { page: ['p', { class: 'a', children: 'hi' }] });
  const byPragma = await bundle({ 'index.tsx': `/** @jsx h */ const h = (...args: unknown[]) => args; ${tsx}` });
  assert.deepEqual(plain(run(byPragma).default), { page: ['p', { class: 'a' }, 'hi'] });
});

test('npm packages of the folder and above it, by the conditions of workers', async () => {
  const conditions = '{"name":"where","exports":{"workerd":"./workerd.js","browser":"./browser.js","default":"./node.js"}}';
  const built = await bundle({
    'deep/index.js': `import where from 'where'; import { Hono } from 'hono'; const app = new Hono(); app.get('/', (c) => c.text('x')); export default { where, routes: app.routes.length, env: process.env.NODE_ENV };`,
    'deep/node_modules/where/package.json': conditions,
    'deep/node_modules/where/workerd.js': 'export default "workerd"',
    'deep/node_modules/where/node.js': 'import "node:fs"; export default "node"',
    'node_modules/.keep': '',
  }).catch((error: unknown) => error);
  assert.ok(built instanceof NanosError && built.message.includes('Could not resolve "hono"'), 'hono is not there yet');
  const folder = join(root, `app-${folders}`);
  await cp(join(repositoryPackages, 'hono'), join(folder, 'node_modules/hono'), { recursive: true });
  const again = await bundleApp({ folder: join(folder, 'deep'), main: join(folder, 'deep/index.js'), rules: [], vars: {}, confined: false });
  assert.deepEqual(plain(run(again).default), { where: 'workerd', routes: 1, env: 'production' });
});

test('service-worker syntax gets its vars as globals; module syntax does not', async () => {
  const worker = await bundle({ 'worker.js': 'calls.push(["listening"])' }, { vars: { A: '1' } });
  assert.deepEqual(plain(run(worker).calls), [['globals', '{"A":"1"}'], ['listening']]);
  const module = await bundle({ 'index.js': 'const app = {}; export { app as default }' }, { vars: { A: '1' } });
  assert.equal(module.script.includes('"globals"'), false);
});

test('top-level await, also of an imported file', async () => {
  const built = await bundle({ 'index.js': `import { a } from './a.js'; export default { a }`, 'a.js': 'export const a = await Promise.resolve(3)' });
  assert.equal(built.awaits, true);
  const calls: { default?: unknown }[] = [];
  new Script(built.script).runInContext(createContext({ __nanos: (_: string, app: object) => calls.push(app) }));
  await new Promise(setImmediate);
  assert.deepEqual(plain(calls[0]?.default), { a: 3 });
});

test('dynamic import of a known file works, of an unknown one is a warning', async () => {
  const built = await bundle({ 'index.js': `import('./a.js').then(({ a }) => calls.push([a]));\nexport default { f: (name) => import(name) }`, 'a.js': 'export const a = 5' });
  const { calls } = run(built);
  await new Promise(setImmediate);
  assert.deepEqual(plain(calls.at(-1)), [5]);
  assert.deepEqual(built.warnings.map(({ line, message }) => [line, /not be bundled/u.test(message)]), [[2, true]]);
});

test('import.meta is an empty object on both roads', async () => {
  for (const prefix of ['', 'await 0;']) {
    const built = await bundle({ 'index.js': `${prefix}export default { url: typeof import.meta.url, meta: typeof import.meta }` });
    const calls: { default?: unknown }[] = [];
    new Script(built.script).runInContext(createContext({ __nanos: (_: string, app: object) => calls.push(app) }));
    await new Promise(setImmediate);
    assert.deepEqual(plain(calls[0]?.default), { url: 'undefined', meta: 'object' });
    assert.deepEqual(built.warnings, []);
  }
});

test('a syntax error has its file, line and column', async () => {
  const error = await failure({ 'src/index.ts': 'export default {\n  fetch( { return 1 }\n}' });
  assert.equal(error.code, 'build_failed');
  assert.deepEqual(error.position, { file: 'src/index.ts', line: 2, column: 19 });
});

test('every error is listed', async () => {
  const error = await failure({ 'index.js': `import './a.js'; import 'nope'; export default 1`, 'a.js': '\nimport "./gone.js"' });
  assert.deepEqual(error.position, { file: 'a.js', line: 2, column: 8 });
  assert.equal(error.message, 'Could not resolve "./gone.js"\nindex.js:1:25: Could not resolve "nope"');
});

test('what only Node or Cloudflare has is named', async () => {
  for (const name of ['node:fs', 'fs', 'fs/promises', 'cloudflare:sockets']) {
    const error = await failure({ 'index.js': `\nimport x from '${name}'; export default x` });
    assert.equal(error.message, `${name} is not available: apps get the Workers API`);
    assert.deepEqual(error.position, { file: 'index.js', line: 2, column: 15 });
  }
});

test('files that nothing says how to import', async () => {
  for (const ending of ['.css', '.xyz']) {
    const error = await failure({ 'index.js': `import x from './a${ending}'; export default x`, [`a${ending}`]: '.a{}' });
    assert.equal(error.code, 'build_failed');
    assert.match(error.message, new RegExp(`Nothing says how to import a\\${ending}: add a rule`, 'u'));
  }
});

test('no way leads out of the folder', async () => {
  await writeFile(join(root, 'secret.json'), '{"secret":1}');
  await writeFile(join(root, 'secret.js'), 'export default "secret" oops');
  const ways: Files[] = [
    { 'index.js': `import s from '../secret.json'; export default s` },
    { 'index.js': `import s from '../secret.js'; export default s` },
    { 'index.js': `import s from '${join(root, 'secret.json')}'; export default s` },
    { 'index.js': `import s from '@/secret.json'; export default s`, 'tsconfig.json': '{"compilerOptions":{"paths":{"@/*":["../*"]}}}' },
    { 'index.js': `import 'p'`, 'node_modules/p/index.js': `require('../../../secret.json')` },
  ];
  for (const files of ways) {
    const error = await failure(files);
    assert.equal(error.code, 'path_escape', JSON.stringify(files));
    assert.equal(error.message.includes('oops'), false);
    assert.equal(error.position?.line, 1);
  }
});

test('symbolic links do not lead out either', async () => {
  await writeFile(join(root, 'secret.txt'), 'secret');
  const folder = await folderOf({ 'index.js': `import a from './link.txt'; export default a`, 'package.js': `import b from 'p'; export default b` });
  await symlink(join(root, 'secret.txt'), join(folder, 'link.txt'));
  await mkdir(join(root, 'elsewhere'), { recursive: true });
  await writeFile(join(root, 'elsewhere/index.js'), 'export default 1');
  await mkdir(join(folder, 'node_modules'));
  await symlink(join(root, 'elsewhere'), join(folder, 'node_modules/p'));
  for (const [main, column] of [['index.js', 15], ['package.js', 15]] as const) {
    await assert.rejects(bundleApp({ folder, main: join(folder, main), rules: [], vars: {}, confined: false }), { code: 'path_escape', position: { file: main, line: 1, column } });
  }
});

test('only regular files are read', async () => {
  const folder = await folderOf({ 'index.js': `import a from './pipe.txt'; export default a` });
  assert.equal(spawnSync('mkfifo', [join(folder, 'pipe.txt')]).status, 0);
  await assert.rejects(bundleApp({ folder, main: join(folder, 'index.js'), rules: [], vars: {}, confined: false }), { code: 'build_failed', message: 'pipe.txt is not a regular file' });
});

test('a bundle over the limit is refused', async () => {
  const error = await failure({ 'index.js': `import t from './big.txt'; export default t`, 'big.txt': 'x'.repeat(HOST_LIMITS.bundleBytesMax) });
  assert.equal(error.code, 'build_limit');
});
