// Runs the tests with the pinned Node.js: all of them, or the files and patterns that are given. Options of `node --test` are passed on.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedNode } from './pinned-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ALL = ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'];
/** A test file that takes longer hangs: it is ended and fails, and the others go on. The longest takes a fifth of that on two quiet cores. */
const FILE_MS_MAX = 600_000;

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith('-'));
const patterns = given.filter((argument) => !argument.startsWith('-')).map((argument) => (existsSync(argument) ? resolve(argument) : argument));
const missing = patterns.filter((pattern) => !existsSync(pattern) && !/[*?[{]/.test(pattern));
const node = pinnedNode(root);

if (node === undefined || missing.length > 0) {
  process.stderr.write(node === undefined ? 'nanos: the pinned Node.js is not installed. Run npm test, or node tools/setup.mjs\n' : `nanos: there is no ${missing.join(', no ')}\n`);
  process.exit(1);
}

const flags = ['--no-node-snapshot', '--stack-size=3900', '--disable-warning=ExperimentalWarning', '--test', '--test-concurrency=2', `--test-timeout=${FILE_MS_MAX}`, '--test-reporter=spec'];
process.stdout.write(`Seed of the property tests: ${process.env.PROPERTY_SEED ?? 1} (PROPERTY_SEED)\n`);
const child = spawn(node, [...flags, ...options, ...(patterns.length > 0 ? patterns : ALL)], { cwd: root, stdio: 'inherit' });
// The terminal sends its signals to the child too; this process only waits for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (status) => {
  process.exitCode = status ?? 1;
});
