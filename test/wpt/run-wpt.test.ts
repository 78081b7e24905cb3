/** The runner on a tree of its own, with a harness that has just what the runner uses of the real one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HARNESS = `(() => {
  const tests = [], callbacks = [];
  let pending = 1;
  const settle = () => { if (--pending === 0) end(0); };
  const end = (status) => callbacks.forEach((callback) => callback(tests, { status, message: '' }));
  const record = (name) => { const row = { name, status: 3, message: '' }; tests.push(row); return row; };
  const run = (row, body) => Promise.resolve().then(body).then(() => { row.status = 0; }, (error) => { row.status = 1; row.message = error.message; });
  Object.assign(globalThis, {
    setup() {},
    add_completion_callback: (callback) => callbacks.push(callback),
    promise_test(body, name) { pending++; run(record(name), body).then(settle); },
    done: settle,
    timeout: () => end(2),
    check(holds) { if (!holds) throw new Error('does not hold'); },
  });
})();`;

const TREE = {
  'resources/testharness.js': HARNESS,
  'area/helper.js': 'function half(value) { return value / 2 }\nvar shared = 7;',
  'area/data.txt': 'from the tree',
  'area/passes.any.js': `// META: script=helper.js
    promise_test(async () => check(half(4) === 2 && self.half === half && shared === 7), 'scripts share a scope');
    promise_test(async () => check((await (await fetch('data.txt')).text()) === 'from the tree'), 'relative URLs lead into the tree');
    promise_test(async () => check((await (await fetch(new Request('/stash-take.py?key=none'))).json()) === null), 'server scripts answer');
    promise_test(() => new Promise((resolve) => setTimeout(resolve, 1)), 'time goes on');`,
  'area/variants.any.js': `// META: variant=?a
// META: variant=?b
    promise_test(async () => check(location.search === '?a'), 'is a');`,
  'area/worker.worker.js': `importScripts('/resources/testharness.js', 'helper.js');
    promise_test(async () => check(half(2) === 1), 'imports scripts');
    promise_test(async () => { shape of no script }, 'never');`,
  'area/throws.any.js': `promise_test(async () => {}, 'before'); throw new TypeError('at top level');`,
  'area/page.window.js': `promise_test(async () => document.title, 'needs a page');`,
  'area/page.html': '<script src=/resources/testharness.js></script>',
};

const folder = await mkdtemp(join(tmpdir(), 'nanos-wpt-test-'));
after(() => rm(folder, { recursive: true }));
for (const [path, content] of Object.entries(TREE)) {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

interface Run {
  readonly status: number;
  readonly out: string;
}

async function runWpt(args: readonly string[], root: string | undefined): Promise<Run> {
  const script = fileURLToPath(new URL('run-wpt.ts', import.meta.url));
  const flags = ['--no-node-snapshot', '--stack-size=3900', '--disable-warning=ExperimentalWarning'];
  const env = { ...process.env, WPT_DIR: root };
  if (root === undefined) Reflect.deleteProperty(env, 'WPT_DIR');
  const child = spawn(process.execPath, [...flags, script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>]);
  return { status, out: stdout + stderr };
}

async function expecting(expectations: object): Promise<string> {
  const file = join(folder, 'expectations.json');
  await writeFile(file, JSON.stringify({ notApplicable: [], notRun: [], failures: [], ...expectations }));
  return `--expectations=${file}`;
}

const KNOWN = [
  { reason: 'the second variant', tests: ['area/variants.any.js?b'], subtests: ['is a'] },
  { reason: 'a file that is no script', tests: ['area/worker*'] },
  { reason: 'throws on purpose', tests: ['area/throws.any.js'], subtests: ['(harness)'] },
];

test('scores a folder and ends well when everything is as expected', async () => {
  const { status, out } = await runWpt([await expecting({ failures: KNOWN }), 'area'], folder);
  assert.match(out, /^area: 6\/9 66\.6 %$/m);
  assert.match(out, /^2 files need a page/m);
  assert.match(out, /As expected/);
  assert.equal(status, 0);
});

test('names what differs from the expectations', async () => {
  const { status, out } = await runWpt([await expecting({ failures: KNOWN.slice(1) }), 'area'], folder);
  assert.match(out, /area\/variants\.any\.js\?b \| is a \| FAIL: does not hold/);
  assert.equal(status, 1);
});

test('an expected failure that passes differs too', async () => {
  const failures = [...KNOWN, { reason: 'nothing wrong with it', tests: ['area/passes.any.js'], subtests: ['time goes on'] }];
  const { status, out } = await runWpt([await expecting({ failures }), 'area'], folder);
  assert.match(out, /passes\.any\.js \| time goes on \| passes, and is expected to fail/);
  assert.equal(status, 1);
});

test('what does not apply counts nowhere, what is not run is not run', async () => {
  const notApplicable = [{ reason: 'only for the test', tests: ['area/variants*'] }];
  const notRun = [{ reason: 'only for the test', tests: ['area/worker.worker.js', 'area/throws.any.js'] }];
  const { status, out } = await runWpt([await expecting({ notApplicable, notRun }), 'area'], folder);
  assert.match(out, /^area: 4\/4 100\.0 %, 2 not applicable$/m);
  assert.equal(status, 0);
});

test('says what is missing', async () => {
  const unset = await runWpt([], undefined);
  assert.equal(unset.status, 2);
  assert.match(unset.out, /Set WPT_DIR/);
  const nowhere = await runWpt([], join(folder, 'area'));
  assert.equal(nowhere.status, 2);
  assert.match(nowhere.out, /There is no resources\/testharness\.js/);
  const folderless = await runWpt(['nowhere'], folder);
  assert.equal(folderless.status, 2);
  assert.match(folderless.out, /There is no nowhere/);
});
