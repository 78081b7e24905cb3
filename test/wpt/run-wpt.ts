/**
 * Runs web platform tests, from the checkout of https://github.com/web-platform-tests/wpt that WPT_DIR names, inside isolates:
 * `npm run wpt -- [--failures] [--expectations=FILE] FOLDER…`. Each test is an app that takes one request. Prints a score a folder and what
 * differs from expectations.json; exits with 1 when something does. `--failures` prints all that fails, expected or not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Expectations } from './expectations.ts';
import { findTests, scoreFolder, type WptTest } from './find-tests.ts';
import { IsolateRunner } from './isolate-runner.ts';
import { judge, type Judgement, type Score } from './score.ts';
import { testProgram, type ProgramResult } from './test-program.ts';
import { startWptServer } from './wpt-server.ts';

const FOLDERS = [
  'url', 'urlpattern', 'encoding', 'streams', 'compression', 'fetch/api/abort', 'fetch/api/body', 'fetch/api/headers', 'fetch/api/request', 'fetch/api/response',
  'fetch/api/idlharness.https.any.js', 'fetch/data-urls', 'FileAPI', 'dom/abort', 'dom/events', 'dom/idlharness.any.js', 'xhr/formdata', 'html/dom/idlharness.any.js',
  'html/webappapis/atob', 'html/webappapis/microtask-queuing', 'html/webappapis/scripting', 'html/webappapis/structured-clone', 'html/webappapis/timers',
  'webmessaging/message-channels', 'webmessaging/MessageEvent.any.js', 'hr-time', 'webidl', 'console', 'WebCryptoAPI',
];
const SLOTS = availableParallelism();
const PLACES = 'Set WPT_DIR to a checkout of the web platform tests (https://github.com/web-platform-tests/wpt)';

const root = process.env['WPT_DIR'];
if (root === undefined || !existsSync(join(root, 'resources/testharness.js'))) {
  process.stderr.write(`${root === undefined ? '' : `There is no resources/testharness.js in ${root}. `}${PLACES}\n`);
  process.exit(2);
}

const given = process.argv.slice(2);
const named = given.filter((argument) => !argument.startsWith('--')).map((folder) => folder.replace(/\/$/, ''));
const folders = named.length > 0 ? named : FOLDERS;
const showsFailures = given.includes('--failures');
const expectationsFile = given.find((argument) => argument.startsWith('--expectations='))?.slice('--expectations='.length) ?? new URL('expectations.json', import.meta.url);
const missing = folders.find((folder) => !existsSync(join(root, folder)));
if (missing !== undefined) {
  process.stderr.write(`There is no ${missing} in ${root}\n`);
  process.exit(2);
}
process.exitCode = await run(root, folders);

async function run(root: string, folders: readonly string[]): Promise<number> {
  const expectations = new Expectations(JSON.parse(readFileSync(expectationsFile, 'utf8')));
  const { tests, pages } = findTests(root, folders);
  const wanted = tests.filter((test) => !expectations.isNotRun(test.id));
  const scores = new Map<string, Score>(folders.map((folder) => [folder, { passed: 0, total: 0, notApplicable: 0 }]));
  const lines: string[] = [];
  await runAll(root, wanted, (test, judgement) => {
    const score = scores.get(scoreFolder(test.path, folders))!;
    score.passed += judgement.passed;
    score.total += judgement.total;
    score.notApplicable += judgement.notApplicable;
    lines.push(...judgement.unexpected);
    if (showsFailures) for (const failure of judgement.failed) process.stdout.write(`${failure}\n`);
  }, expectations);
  for (const entry of expectations.stale(wanted.map(({ id }) => id))) lines.push(`${entry.tests.join(' ')} | ${entry.subtests?.join(' ') ?? 'all'} | expected to fail, and nothing of it does`);
  report(scores, { pages: pages.length, notRun: tests.length - wanted.length }, lines);
  return lines.length > 0 || wanted.length === 0 ? 1 : 0;
}

async function runAll(root: string, tests: readonly WptTest[], judged: (test: WptTest, judgement: Judgement) => void, expectations: Expectations): Promise<void> {
  const harness = readFileSync(join(root, 'resources/testharness.js'), 'utf8');
  const server = await startWptServer(root);
  const runner = await IsolateRunner.create(SLOTS);
  const waiting = tests.values();
  const work = async (): Promise<void> => {
    for (const test of waiting) judged(test, judge(test.id, await runTest(test), expectations));
  };
  const runTest = async (test: WptTest): Promise<ProgramResult> => {
    const { text, failure, log } = await runner.run(testProgram(test, harness, server.origin), `${server.origin}/`);
    if (failure !== undefined) return { harness: `${failure} ${log.join(' ')}`, subtests: [] };
    return JSON.parse(text) as ProgramResult;
  };
  await Promise.all(Array.from({ length: SLOTS }, work));
  await runner.close();
  server.close();
}

function report(scores: ReadonlyMap<string, Score>, left: { pages: number; notRun: number }, differences: readonly string[]): void {
  const rows = [...scores].map(([folder, { passed, total, notApplicable }]) => {
    const percent = total === 0 ? '' : ` ${(Math.floor((passed / total) * 1000) / 10).toFixed(1)} %`;
    return `${folder}: ${passed}/${total}${percent}${notApplicable > 0 ? `, ${notApplicable} not applicable` : ''}`;
  });
  process.stdout.write(`${rows.join('\n')}\n${left.pages} files need a page or other kinds of workers, ${left.notRun} are left out\n`);
  if (differences.length === 0) process.stdout.write('As expected\n');
  else if (showsFailures) process.stdout.write(`${differences.length} differences from expectations.json\n`);
  else process.stdout.write(`${differences.length} differences from expectations.json:\n${differences.join('\n')}\n`);
}
