/** The house rules that a machine can check: floors, worlds, names, dead files, sizes. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';

const root = resolve(import.meta.dirname, '..');

/** Lowest first: a room imports from itself and from rooms further left. Rooms in one group are siblings and never import each other. */
const floors: readonly (readonly string[])[] = [['util'], ['protocol'], ['policy'], ['sandbox', 'guest', 'recording'], ['net', 'llm'], ['apps', 'agents'], ['server'], ['host'], ['cli']];
/** A guest is another world: of the floors below it sees these only, and what is above it may bundle it, never import it. */
const seenByGuest = ['util', 'protocol'];

const sources = globSync('src/**/*.ts', { cwd: root }).toSorted();
const production = sources.filter((file) => !file.endsWith('.test.ts'));
const everything = [...sources, ...globSync('{test,bench,tools}/**/*.{ts,mjs}', { cwd: root })].filter((file) => !file.includes('/.') && !file.includes('/node_modules/'));

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function importsOf(file: string): string[] {
  const found = [...read(file).matchAll(/(?:from|import\(|import)\s*'([^']+)'/gu), ...read(file).matchAll(/ownFile\('([^']+)'/gu)];
  return found.map(([, specifier = '']) => specifier);
}

function targetOf(file: string, specifier: string): string {
  return relative(root, resolve(root, dirname(file), specifier));
}

function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function floorOf(room: string): number {
  const floor = floors.findIndex((rooms) => rooms.includes(room));
  assert.notEqual(floor, -1, `the room src/${room} has no floor`);
  return floor;
}

/** What starts a guest's script: the rooms above bundle it, by its name. */
function isGuestEntry(specifier: string): boolean {
  return /guest\/(?:main|builtin\/main|agent\/(?:prelude|index))(?:\.ts)?$/u.test(specifier);
}

test('rooms import from floors below them only', () => {
  const wrong: string[] = [];
  for (const file of production) {
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) continue;
      const from = roomOf(file);
      const to = roomOf(targetOf(file, specifier));
      const allowed = from === to || (from === 'guest' ? seenByGuest.includes(to) : to !== 'guest' && floorOf(to) < floorOf(from));
      if (!allowed && !isGuestEntry(specifier)) wrong.push(`${file} imports ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('the guest knows nothing of Node', () => {
  const wrong = production.filter((file) => roomOf(file) === 'guest' && importsOf(file).some((specifier) => specifier.startsWith('node:')));
  assert.deepEqual(wrong, []);
});

test('a lazy part has one way in', () => {
  const wrong = production.filter((file) => {
    const values = read(file).replaceAll(/^import type .*$/gmu, '').matchAll(/from '([^']*)'/gu);
    return !file.includes('/lazy/') && !file.startsWith('src/guest/agent/') && [...values].some(([, specifier = '']) => specifier.includes('lazy/') && !specifier.endsWith('lazy/index.ts'));
  });
  assert.deepEqual(wrong, []);
});

test('boundary code, which also runs in the guest, imports nothing but primordials', () => {
  assert.deepEqual(importsOf('src/protocol/boundary.ts'), ['../util/primordials.ts']);
});

test('tenant isolates are entered in one room', () => {
  const allowed = /^src\/(?:sandbox\/isolate|apps\/run|host)\//u;
  const wrong = production.filter((file) => importsOf(file).includes('isolated-vm') && !allowed.test(file));
  assert.deepEqual(wrong, []);
});

test('every file is used', () => {
  const entries = new Set(['src/cli/main.ts', 'src/cli/agent-commands.ts', 'src/guest/main.ts', 'src/guest/builtin/main.ts', 'src/agents/abi/guest-thread.ts', ...['index', 'on-demand', 'prelude'].map((name) => `src/guest/agent/${name}.ts`), ...['cell', 'cell-stand-in', 'builder', 'evaluator', 'restorer', 'model', 'agents', 'agents-worker'].map((name) => `src/host/${name}.ts`)]);
  const used = new Set(everything.filter((file) => !file.endsWith('.test.ts')).flatMap((file) => importsOf(file).map((specifier) => targetOf(file, specifier))));
  const testSupport = new Set(everything.filter((file) => file.endsWith('.test.ts')).flatMap((file) => importsOf(file).map((specifier) => targetOf(file, specifier))));
  const dead = production.filter((file) => !entries.has(file) && !used.has(file) && !(basename(file).startsWith('test-') && testSupport.has(file)));
  assert.deepEqual(dead, []);
});

test('names are in kebab case', () => {
  const wrong = [...sources, ...globSync('{docs,examples,bench,tools}/**/*', { cwd: root, withFileTypes: false })]
    .filter((file) => !file.includes('node_modules'))
    .map((file) => basename(file))
    .filter((name) => !/^[a-z0-9.-]+$/u.test(name) && !/^[A-Z]+\.md$/u.test(name) && name !== 'security_violation');
  assert.deepEqual(wrong, []);
});

test('a test stands beside what it tests', () => {
  const files = new Set(sources);
  const wrong = sources.filter((file) => {
    if (!file.endsWith('.test.ts')) return false;
    const folder = basename(dirname(file));
    const name = basename(file, '.test.ts');
    return !files.has(file.replace('.test.ts', '.ts')) && !importsOf(file).some((specifier) => specifier.startsWith('.')) && name !== folder;
  });
  assert.deepEqual(wrong, []);
});

test('files and lines stay readable', () => {
  const tooLong = production.filter((file) => read(file).split('\n').length > 520);
  assert.deepEqual(tooLong, [], 'files of more than 520 lines');
  const wide = production.filter((file) => read(file).split('\n').some((line) => line.length > 260));
  assert.deepEqual(wide, [], 'lines of more than 260 characters');
});

test('nothing is switched off or left for later', () => {
  const marks = /@ts-(?:ignore|nocheck|expect-error)|oxlint-disable|eslint-disable|\bas any\b|\bTO{1}DO\b|\bFIX{1}ME\b/u;
  const wrong = everything.filter((file) => file !== 'test/tidy.test.ts' && marks.test(read(file)));
  assert.deepEqual(wrong, []);
});

test('dependencies are pinned to exact versions', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
  const wrong = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/u.test(version)),
  );
  assert.deepEqual(wrong, []);
});
