import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { NanosError } from '../../protocol/errors.ts';
import { compileAgent } from './compile-agent.ts';
import { AGENT_SECTION, readTextSection, SOURCE_MAP_SECTION } from './agent-sections.ts';
import { compileFiles, folderOf, runAgent, type Answer, type SyscallMade } from './test-agent.ts';

const SEED = `import { fs, llm, agent } from '../nanos-sdk/index.js';

export async function run() {
  console.log("TS Agent started!");
  const goal = await agent.getGoal();
  const inputData = await fs.readFile("instruction.txt");
  const response = await llm.infer(\`Summarize code: \${inputData}\`);
  await fs.writeFile("secret.txt", response);
  await agent.done("TS FFI Loop completed successfully.");
}

run().catch(err => {
  console.error("TS Agent execution failed:", err);
  process.exit(1);
});
`;

const { version: SDK } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };

const REPLIES: Readonly<Record<string, Answer>> = {
  goal: { inline: 'the goal' },
  fs_read: { inline: 'secret code' },
  llm_infer: { reply: 'summary' },
  fs_write: { reply: '' },
};

function answer({ name }: SyscallMade): Answer {
  return REPLIES[name] ?? 'never';
}

async function failure(files: Readonly<Record<string, string>>): Promise<NanosError> {
  const error: unknown = await compileFiles(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof NanosError, 'it does not compile');
  return error;
}

test('an agent of the older SDK, unchanged', async () => {
  const agent = await compileFiles({ 'agent.ts': SEED });
  const { calls, logs, outcome } = await runAgent(agent, answer);
  assert.deepEqual(outcome, { kind: 'returned', value: 0 });
  assert.deepEqual(logs, ['info: TS Agent started!']);
  assert.deepEqual(
    calls.map(({ name, head, text }) => [name, head, text]),
    [
      ['goal', undefined, ''],
      ['fs_read', { path: 'instruction.txt' }, ''],
      ['llm_infer', {}, 'Summarize code: secret code'],
      ['fs_write', { path: 'secret.txt' }, 'summary'],
      ['done', {}, 'TS FFI Loop completed successfully.'],
    ],
  );
  assert.deepEqual(agent.metadata, { name: 'agent', version: undefined, sdk: SDK, abi: 1, exports: ['run'] });
});

test('the same agent when a call fails: its own message, then the exit, and nothing after that', async () => {
  const agent = await compileFiles({ 'agent.ts': SEED });
  const { calls, logs, outcome } = await runAgent(agent, (call) => (call.name === 'fs_read' ? { error: { code: 'permission_denied', message: 'Permission denied: x', asked: 'x', rule: 'fs_read' } } : answer(call)));
  assert.deepEqual(calls.at(-1)?.head, { code: 1 });
  assert.equal(logs.length, 2);
  assert.match(logs[1] ?? '', /^error: TS Agent execution failed: PermissionDenied: Permission denied: x\n {4}at run \(agent\.ts:6:/);
  assert.deepEqual(outcome, { kind: 'returned', value: 0 });
});

test('the same sources in two folders give the same bytes, which name neither', async () => {
  const files = {
    'src/agent.ts': `import { value } from '../lib/value.ts'; import { web } from 'nanos/agent'; console.log(value, new URL('http://x/').href, web.get);`,
    'lib/value.ts': 'export const value: number = 1;',
  };
  const [first, second] = await Promise.all([compileFiles(files), compileFiles(files)]);
  assert.ok(Buffer.from(first.wasm).equals(second.wasm));
  assert.doesNotMatch(Buffer.from(first.wasm).toString('latin1'), /nanos-agent-|\/src\/agents\//);
  const { sources } = JSON.parse(readTextSection(first.wasm, SOURCE_MAP_SECTION) ?? '') as { sources: string[] };
  assert.ok(sources.includes('agent.ts') && sources.includes('../lib/value.ts'), sources.join(' '));
});

test('the module has the ABI and nothing else, and tells what it is', async () => {
  const { wasm } = await compileFiles({ 'a.ts': 'export const x = 1;', 'package.json': '{"name":"my-agent","version":"1.2.3"}' });
  const module = new WebAssembly.Module(wasm);
  assert.deepEqual(new Set(WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`)), new Set(['nanos.syscall', 'nanos.clock', 'nanos.random']));
  assert.deepEqual(WebAssembly.Module.exports(module).map(({ name }) => name).toSorted(), ['memory', 'nanos_alloc', 'nanos_free', 'nanos_resume', 'nanos_start']);
  assert.deepEqual(JSON.parse(readTextSection(wasm, AGENT_SECTION) ?? ''), { name: 'my-agent', version: '1.2.3', sdk: SDK, abi: 1, exports: ['x'] });
});

for (const [what, source, runs] of [
  ['only exported', 'export async function run() { console.log("run") }', 1],
  ['exported and called', 'export async function run() { console.log("run") } run();', 1],
  ['exported and called later', 'export async function run() { console.log("run") } const f = { run }; await f.run();', 1],
  ['only exported, as a constant', 'export const run = async () => console.log("run");', 1],
  ['only exported, and calling itself', 'export function run(n = 1) { console.log("run"); if (n > 1) run(n - 1) }', 1],
  ['only exported, its value computed', 'const twice = (f) => async () => { await f() }; export const run = twice(async () => console.log("run"));', 1],
  ['computed and called', 'const twice = (f) => async () => { await f() }; export const run = twice(async () => console.log("run")); run();', 1],
  ['exported by another name', 'async function main() { console.log("run") } export { main as run };', 1],
  ['exported by another name and called', 'async function main() { console.log("run") } export { main as run }; main();', 1],
  ['not there', 'console.log("run")', 1],
  ['one of several exports', 'export function run() { console.log("run") } export default 1; export const name = "x"; export function other() {}', 1],
] as const) {
  test(`run is called once: ${what}`, async () => {
    const { logs, outcome } = await runAgent(await compileFiles({ 'agent.js': source }));
    assert.deepEqual(logs, Array.from({ length: runs }, () => 'info: run'));
    assert.deepEqual(outcome, { kind: 'returned', value: 0 });
  });
}

test('nothing of the agent runs while it is compiled', async () => {
  const agent = await compileFiles({ 'agent.ts': 'for (;;) console.log(Date.now());' });
  assert.ok(agent.wasm.length > 0);
});

test('await at top level, with imports that await', async () => {
  const files = {
    'agent.ts': `import { agent } from 'nanos/agent'; import { goal } from './goal.ts'; console.log(goal, await agent.getTools());`,
    'goal.ts': `import { agent } from 'nanos-sdk'; export const goal = await agent.getGoal();`,
  };
  const { logs } = await runAgent(await compileFiles(files), ({ name }) => (name === 'goal' ? { reply: 'g' } : { reply: '["fs_read"]' }));
  assert.deepEqual(logs, ["info: g [ 'fs_read' ]"]);
});

test('errors name file, line and column of the source', async () => {
  const files = {
    'agent.ts': `import { fail } from './lib/fail.ts';\n\ninterface A { readonly x: number }\nexport async function run(): Promise<void> {\n  const a: A = { x: 1 };\n  fail(a.x);\n}\n`,
    'lib/fail.ts': `// a comment\nexport function fail(x: number): never {\n  throw new RangeError(\`bad \${x}\`, { cause: 'test' });\n}\n`,
  };
  const { logs, outcome } = await runAgent(await compileFiles(files));
  assert.equal(logs.length, 1);
  assert.match(logs[0] ?? '', /^fatal: Uncaught RangeError: bad 1\n {4}at fail \(lib\/fail\.ts:3:\d+\)\n {4}at run \(agent\.ts:6:\d+\)/);
  assert.deepEqual(outcome, { kind: 'returned', value: 1 });
});

test('what does not bundle says where', async () => {
  const syntax = await failure({ 'agent.ts': 'const a = 1;\nconst b = = 2;' });
  assert.deepEqual([syntax.code, syntax.position], ['build_failed', { file: 'agent.ts', line: 2, column: 11 }]);
  const builtin = await failure({ 'agent.ts': '\nimport fs from "node:fs"; fs;' });
  assert.match(builtin.message, /^node:fs is not available: agents get/);
  assert.equal(builtin.position?.line, 2);
  assert.equal((await failure({ 'agent.ts': 'import "./none.ts"' })).code, 'build_failed');
  const folder = await folderOf({ 'a.ts': '' });
  await assert.rejects(compileAgent(join(folder, 'none.ts')), { code: 'entry_missing' });
  await assert.rejects(compileAgent(folder), { code: 'entry_missing' });
});

test('a large bundle is held as bytecode, without its source, and its errors have their places', async () => {
  const lines = Array.from({ length: 6_000 }, (_, i) => `export function f${i}(a: number): number { return a > ${i} ? f${Math.max(0, i - 1)}(a) : a + ${i}; }`);
  const source = `${lines.join('\n')}\nglobalThis.all = [${lines.map((_, i) => `f${i}`).join(',')}];\nconsole.log(f5999(7));\nfunction last() { throw new Error('at the end') }\nlast();`;
  const agent = await compileFiles({ 'agent.ts': source });
  assert.ok(agent.wasm.length < 4e6, `${agent.wasm.length} bytes`);
  assert.doesNotMatch(Buffer.from(agent.wasm).toString('latin1'), /return a > 5000/);
  const { logs } = await runAgent(agent);
  assert.equal(logs[0], 'info: 6006');
  assert.match(logs[1] ?? '', /at last \(agent\.ts:6003:\d+\)/);
});

test('packages from npm', async () => {
  const files = {
    'agent.ts': `import kind from 'kind'; console.log(kind(1), process.env.NODE_ENV);`,
    'node_modules/kind/package.json': '{"name":"kind","main":"main.js","sideEffects":false}',
    'node_modules/kind/main.js': 'module.exports = (x) => typeof x;',
  };
  const { logs } = await runAgent(await compileFiles(files));
  assert.deepEqual(logs, ['info: number production']);
});

test('the engine that was built is in place', async () => {
  const engine = await readFile(new URL('../../../build/agent-engine.wasm', import.meta.url));
  assert.ok(WebAssembly.validate(engine));
});
