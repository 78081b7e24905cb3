import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadArtefact } from '../apps/artefact/load-artefact.ts';
import { loadSourceMap } from '../apps/artefact/load-source-map.ts';
import type { BuildResult } from '../apps/artefact/build-result.ts';
import type { AppConfig } from '../protocol/app.ts';
import { NanosError } from '../protocol/errors.ts';
import { Builder } from './builder-client.ts';
import { childFlags } from './child-flags.ts';

const root = await realpath(await mkdtemp(join(tmpdir(), 'nanos-builder-')));
const dataDir = join(root, 'data');
let builder = new Builder({ dataDir });
test.after(async () => {
  await builder.close();
  await rm(root, { recursive: true, force: true });
});

const limits = { startupMsMax: 250, memoryMbMax: 64 };
const handler = '\nexport default { fetch() { return new Response("hi") } };';
/** Enough for the snapshot road. */
const large = `\nexport const padding = ${JSON.stringify('x'.repeat(100_000))};`;

let apps = 0;

async function configure(files: Record<string, string | Uint8Array>, more: Partial<AppConfig> = {}): Promise<AppConfig> {
  const name = `app-${++apps}`;
  const folder = join(root, name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const rest = { hostnames: [], confined: false, port: undefined, limits: {}, rules: [], egress: undefined, bindings: {}, crons: [], configFiles: [], warnings: [] };
  return { name, folder, path: folder, main: join(folder, Object.keys(files)[0] ?? ''), vars: {}, secrets: {}, ...rest, ...more };
}

async function build(code: string, more: Partial<AppConfig> = {}): Promise<BuildResult> {
  return builder.build(await configure({ 'index.ts': code }, more), limits);
}

async function failure(code: string): Promise<NanosError> {
  const error: unknown = await build(code).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof NanosError, 'the build fails');
  return error;
}

/** Builder processes that write to that folder. */
async function builderPids(folder: string): Promise<number[]> {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => /builder\.[tj]s/u.test(line) && line.includes(`${join(folder, 'artefacts')} `));
  return lines.map((line) => Number.parseInt(line, 10));
}

test('a small app: a script with V8’s code cache, which a cell accepts', async () => {
  const { artefact, inputs, reused } = await build(`const a: number = 1;${handler}`);
  assert.equal(reused, false);
  assert.equal(artefact.road, 'script');
  assert.deepEqual(artefact.handlers, ['fetch']);
  assert.ok(inputs.some(({ path }) => path.endsWith('index.ts')));
  const content = await loadArtefact(artefact.file, artefact.sha256);
  assert.ok((content.codeCache?.length ?? 0) > 0);
  const code = `
    (await import('./src/sandbox/isolate/isolate-flags.ts')).applyTenantFlags();
    const { default: ivm } = await import('isolated-vm');
    const { readFileSync } = await import('node:fs');
    const { loadArtefact } = await import('./src/apps/artefact/load-artefact.ts');
    const { script, codeCache } = await loadArtefact(${JSON.stringify(artefact.file)}, ${JSON.stringify(artefact.sha256)});
    const copy = (bytes) => new ivm.ExternalCopy(new Uint8Array(bytes).buffer);
    const isolate = new ivm.Isolate({ snapshot: copy(readFileSync(${JSON.stringify((await builder.apiSnapshot()).file)})) });
    const { cachedDataRejected } = isolate.compileScriptSync(script, { filename: 'app.js', cachedData: copy(codeCache) });
    console.log(cachedDataRejected);`;
  const flags = [...childFlags('cell', { readable: [dataDir] }), '--input-type=module', '-e', code];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { cwd: fileURLToPath(new URL('../../', import.meta.url)), encoding: 'utf8' });
  assert.equal(`${stdout}${stderr}`, 'false\n');
});

test('a large app: a snapshot', async () => {
  const { artefact } = await build(large + handler);
  assert.equal(artefact.road, 'snapshot');
  assert.deepEqual(artefact.handlers, ['fetch']);
  const { snapshot, awaits } = await loadArtefact(artefact.file, artefact.sha256);
  assert.ok((snapshot?.length ?? 0) > 100_000);
  assert.equal(awaits, false);
});

test('top-level await', async () => {
  const { artefact } = await build(`const a = await Promise.resolve(1);${large}${handler}`);
  assert.equal(artefact.road, 'script');
  assert.equal((await loadArtefact(artefact.file, artefact.sha256)).awaits, true);
});

/** (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)) */
const wasmBytes = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex');

test('WebAssembly, usable at top level', async () => {
  const code = `import add from './add.wasm';\nconst { exports } = new WebAssembly.Instance(add);\nif ((exports.add as Function)(2, 3) !== 5) throw new Error('wrong');${handler}`;
  const { artefact } = await builder.build(await configure({ 'index.ts': code, 'add.wasm': wasmBytes }), limits);
  assert.equal(artefact.road, 'script');
  assert.deepEqual((await loadArtefact(artefact.file, artefact.sha256)).wasm.map((bytes) => Buffer.from(bytes)), [wasmBytes]);
});

test('WebAssembly that is none', async () => {
  const app = await configure({ 'index.ts': `import add from './deep/add.wasm'; export default { fetch: () => add }`, 'deep/add.wasm': wasmBytes.subarray(0, 20) });
  await assert.rejects(builder.build(app, limits), { code: 'build_failed', position: { file: 'deep/add.wasm' } });
});

test('service-worker syntax, its vars in the key and its secrets nowhere', async () => {
  const code = `if (GREETING !== "hi") throw new Error(GREETING); addEventListener("fetch", () => {}); addEventListener("scheduled", () => {});`;
  const { artefact } = await build(code, { vars: { GREETING: 'hi' }, secrets: { KEY: 'top-secret-value' } });
  assert.deepEqual(artefact.handlers, ['fetch', 'scheduled']);
  const other = await build(code, { vars: { GREETING: 'hi', MORE: 1 } });
  assert.notEqual(other.artefact.key, artefact.key);
  for (const file of await readdir(join(dataDir, 'artefacts'), { recursive: true, withFileTypes: true })) {
    if (file.isFile()) assert.equal((await readFile(join(file.parentPath, file.name))).includes('top-secret-value'), false, file.name);
  }
});

test('module syntax: vars are no part of the artefact', async () => {
  const code = `export const x = 1;${handler}`;
  const { artefact } = await build(code, { vars: { A: 1 } });
  const other = await build(code, { vars: { A: 2 } });
  assert.equal(other.artefact.key, artefact.key);
  assert.equal(other.reused, true);
});

test('a top level that throws: message and place in the source', async () => {
  const error = await failure(`type A = 1;\nfunction f(): never {\n  throw new TypeError("boom");\n}\nf();${handler}`);
  assert.equal(error.code, 'app_failed_to_start');
  assert.equal(error.message, 'Top-level code failed: TypeError: boom');
  assert.deepEqual(error.position, { file: 'index.ts', line: 3, column: 9 });
});

test('the same after an await', async () => {
  const error = await failure(`await 1;\nthrow new TypeError("late");${handler}`);
  assert.equal(error.message, 'Top-level code failed: TypeError: late');
  assert.deepEqual(error.position, { file: 'index.ts', line: 2, column: 7 });
});

test('what the kernel refuses at top level', async () => {
  const error = await failure(`fetch("http://example.com/").catch(() => {});${handler}`);
  assert.equal(error.code, 'app_failed_to_start');
  assert.match(error.message, /global scope/u);
});

test('an app that handles nothing', async () => {
  for (const code of ['export default {}', 'export default { fetch: 1 }', 'const a = 1', 'addEventListener("message", () => {})', 'export default null']) {
    const error = await failure(code);
    assert.equal(error.code, 'build_failed');
    assert.match(error.message, /handles nothing/u);
  }
});

test('a top level that never ends', async () => {
  const loops = [
    'for(;;);',
    '(async () => { for (;;) await 0 })();',
    '/(a+)+$/.test("a".repeat(40) + "b");',
    'throw { get message() { for(;;); }, toString() { for(;;); } };',
    'throw new Proxy({}, { get() { for(;;); } });',
  ];
  for (const code of loops) {
    const error = await failure(code + handler);
    assert.equal(error.code, 'app_failed_to_start', code);
    assert.equal(error.message, 'Top-level code ran longer than 250 ms', code);
  }
  assert.match((await failure(`await new Promise(() => {});${handler}`)).message, /never settles/u);
});

test('a top level that takes the isolate, its thread or its process down', async () => {
  const codes = [
    'const all: unknown[] = []; for (;;) all.push(new Array(1e5).fill(1.5));',
    'new Array(2**32 - 2).fill(0);',
    'let x = 2n ** 100000n; for (;;) x = x * x;',
    '"a".repeat(2 ** 28).split("").sort();',
  ];
  for (const code of codes) assert.equal((await failure(code + handler)).code, 'app_failed_to_start', code);
  assert.equal((await build(`export const after = 1;${handler}`)).artefact.road, 'script');
});

test('what V8 can not snapshot or not restore is served from its script', async () => {
  const codes = [
    'Object.freeze(Object);',
    'Object.seal(JSON);',
    'globalThis.kept = [new Intl.DateTimeFormat(), new Intl.Collator(), new Intl.NumberFormat()];',
    'globalThis.kept = new FinalizationRegistry(() => {}); globalThis.kept.register({}, 1);',
    'globalThis.kept = new Intl.Segmenter();',
  ];
  for (const code of codes) assert.equal((await build(`${code}${large}${handler}`)).artefact.road, 'script', code);
  const frozen = await build(`Object.freeze(globalThis);${large}${handler}`);
  assert.deepEqual(frozen.artefact.handlers, ['fetch']);
});

test('an unchanged app is reused after a restart without any process', async () => {
  const app = await configure({ 'index.ts': `export const restarted = 1;${handler}` });
  assert.equal(await builder.reuse(app), undefined);
  const built = await builder.build(app, limits);
  const api = await builder.apiSnapshot();
  await builder.close();
  builder = new Builder({ dataDir });
  assert.deepEqual(await builder.reuse(app), { ...built, reused: true });
  assert.deepEqual(await builder.apiSnapshot(), api);
  assert.deepEqual(await builderPids(dataDir), []);
  await writeFile(join(app.folder, 'index.ts'), `export const restarted = 22;${handler}`);
  assert.equal(await builder.reuse(app), undefined);
});

test('a damaged artefact is built again', async () => {
  const app = await configure({ 'index.ts': `export const damaged = 1;${handler}` });
  const { artefact } = await builder.build(app, limits);
  const bytes = await readFile(artefact.file);
  bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
  await writeFile(artefact.file, bytes);
  await assert.rejects(loadArtefact(artefact.file, artefact.sha256), { code: 'artefact_corrupt' });
  const again = await builder.build(app, limits);
  assert.equal(again.reused, false);
  assert.equal((await loadArtefact(again.artefact.file, again.artefact.sha256)).handlers.length, 1);
});

test('a damaged API snapshot is made again', async () => {
  const own = join(root, 'own-data');
  const first = new Builder({ dataDir: own });
  const { file } = await first.apiSnapshot();
  await first.close();
  await writeFile(file, 'damaged');
  const second = new Builder({ dataDir: own });
  const made = await second.apiSnapshot();
  await second.close();
  assert.ok((await readFile(made.file)).length > 1_000);
});

test('the source map gives stacks their sources', async () => {
  const { artefact } = await build(`type T = 1;\nexport const mapped = () => { throw new Error("later") };${handler}`);
  const { script } = await loadArtefact(artefact.file, artefact.sha256);
  const line = script.split('\n').findIndex((text) => text.includes('later')) + 1;
  const column = (script.split('\n')[line - 1] ?? '').indexOf('Error("later")') + 1;
  assert.match((await loadSourceMap(artefact.sourceMap)).mapStack(`at mapped (app.js:${line}:${column})`), /^at mapped \(index\.ts:2:\d+\)$/u);
});

test('a builder that is killed is replaced, and its builds are done again', async () => {
  const results = [1, 2, 3].map((n) => build(`export const killed = ${n};${handler}`));
  const pids = await builderPids(dataDir);
  assert.equal(pids.length, 1);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  for (const { artefact } of await Promise.all(results)) assert.equal(artefact.road, 'script');
});

test('builds of one folder at once', async () => {
  const app = await configure({ 'index.ts': `export const several = 1;${handler}` });
  const results = await Promise.all([1, 2, 3, 4].map(() => builder.build(app, limits)));
  assert.equal(new Set(results.map(({ artefact }) => artefact.key)).size, 1);
});

test('an idle builder ends, and comes back', async () => {
  const idleDir = join(root, 'idle-data');
  const own = new Builder({ dataDir: idleDir, idleMsMax: 1 });
  const app = await configure({ 'index.ts': `export const idle = 1;${handler}` });
  await own.build(app, limits);
  const deadlineMs = Date.now() + 30_000;
  while ((await builderPids(idleDir)).length > 0 && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await builderPids(idleDir), []);
  assert.equal((await own.build(app, limits)).reused, true);
  await own.close();
  await assert.rejects(own.build(app, limits), { message: 'The host is closing' });
});
