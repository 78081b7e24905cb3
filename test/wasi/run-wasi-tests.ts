/**
 * Runs the WASI project's precompiled tests of preview 1 (a checkout of WebAssembly/wasi-testsuite in WASI_TESTS_DIR, branch prod/testsuite-base) as agents: through the gate, metered, on record, and replayed.
 * A test passes when its exit status and its output are what its specification says. Tests that can't are named, with the reason, in expected-failures.ts; any other outcome fails the command.
 */
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { replayRun } from '../../src/agents/run/replay-run.ts';
import { startRun } from '../../src/agents/run/start-run.ts';
import { testEnvironment, testManifest } from '../../src/agents/run/test-environment.ts';
import { JournalReader } from '../../src/recording/journal-reader.ts';
import { EXPECTED_FAILURES } from './expected-failures.ts';

interface Specification {
  readonly args?: readonly string[];
  readonly root?: string | null;
  readonly exit_code?: number;
  readonly stdout?: string;
}

const given = process.env['WASI_TESTS_DIR'];
if (given === undefined || !existsSync(given)) {
  process.stderr.write('Set WASI_TESTS_DIR to a checkout of WebAssembly/wasi-testsuite, branch prod/testsuite-base\n');
  process.exit(2);
}

const folder = resolve(given);
const only = process.argv.slice(2);
const files = globSync(join(folder, '**/wasm32-wasip1/*.wasm')).filter((file) => only.length === 0 || only.some((name) => file.includes(name))).toSorted();
const failures: string[] = [];
const expected: string[] = [];
let passed = 0;

for (const file of files) {
  const name = nameOf(file);
  const failure = await run(file);
  const reason = EXPECTED_FAILURES.get(name);
  if (failure === undefined && reason === undefined) passed++;
  else if (failure === undefined) failures.push(`${name}: passes, and is expected to fail`);
  else if (reason === undefined) failures.push(`${name}: ${failure}`);
  else expected.push(`${name}: ${reason}${only.length > 0 ? ` (${failure})` : ''}`);
}

process.stdout.write(`${['Expected to fail:', ...expected, '', 'Failed:', ...failures].join('\n  ')}\n\n`);
process.stdout.write(`${files.length} tests: ${passed} passed, ${expected.length} failed as expected, ${failures.length} failed otherwise\n`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;

/** `rust/fd_readdir` */
function nameOf(file: string): string {
  const [language = ''] = relative(join(folder, 'tests'), file).split('/');
  return `${language}/${basename(file, '.wasm')}`;
}

/** What went wrong, if anything did. */
async function run(file: string): Promise<string | undefined> {
  const specification = readSpecification(file);
  const place = mkdtempSync(join(tmpdir(), 'nanos-wasi-'));
  try {
    return await runIn(place, file, specification);
  } finally {
    rmSync(place, { recursive: true });
  }
}

async function runIn(place: string, file: string, { args = [], root, exit_code: status = 0, stdout }: Specification): Promise<string | undefined> {
  const home = join(place, 'home');
  if (typeof root === 'string') cpSync(join(dirname(file), root), home, { recursive: true });
  const where = { folder: place, dataDir: join(place, 'data') };
  const output: string[] = [];
  const environment = testEnvironment(where);
  const manifest = testManifest(where, readFileSync(file), { goal: args.join(' '), budgets: { fuelMax: 2_000_000_000n, fuelPerResumeMax: 2_000_000_000n, stepsMax: 10_000 }, permissions: { fsRead: ['**'], fsWrite: ['**'] } });
  if (!existsSync(home)) cpSync(dirname(file), home, { recursive: true, filter: (path) => path === dirname(file) });
  const started = await startRun({ ...manifest, folder: home }, { ...environment, watcher: { ...environment.watcher, log: (level, text) => output.push(`${level}: ${text}`) } });
  const { end, message } = await started.result;
  const wanted = status === 0 ? 'done' : 'agent_exited';
  if (end !== wanted || (status !== 0 && !message.endsWith(` ${status}`))) return [`${end}: ${message}`, ...output].join(' | ');
  const written = output.filter((line) => line.startsWith('info: ')).map((line) => line.slice('info: '.length));
  if (stdout !== undefined && written.join('\n') !== stdout.replace(/\n$/u, '')) return `it wrote ${JSON.stringify(written)}`;
  return replay(started.file, started.module, end);
}

async function replay(file: string, module: Parameters<typeof replayRun>[1], end: string): Promise<string | undefined> {
  const reader = JournalReader.open(file);
  try {
    const again = await replayRun(reader, module);
    return again.end === end ? undefined : `its replay ended as ${again.end}`;
  } catch (error) {
    return `its replay failed: ${String(error)}`;
  } finally {
    reader.close();
  }
}

function readSpecification(file: string): Specification {
  const specification = file.replace(/\.wasm$/u, '.json');
  return existsSync(specification) ? (JSON.parse(readFileSync(specification, 'utf8')) as Specification) : {};
}
