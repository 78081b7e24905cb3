/** The documentation is true: its tables are those of the code, its commands and options exist, its links lead somewhere. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import test from 'node:test';
import { appNano } from '../src/apps/config/app-nano.ts';
import { parseJsonc } from '../src/protocol/documents/parse-jsonc.ts';
import { wrangler } from '../src/apps/config/wrangler.ts';
import { runCli } from '../src/cli/run-cli.ts';
import { AGENT_LIMITS } from '../src/protocol/agent-limits.ts';
import { ToGuest, ToHost } from '../src/protocol/boundary.ts';
import { ERRORS, NanosError } from '../src/protocol/errors.ts';
import { appLimitsSchema, DEFAULT_APP_LIMITS, HOST_LIMITS } from '../src/protocol/limits.ts';
import { operatorFileSchema } from '../src/protocol/operator.ts';
import { LIMIT_KEYS, LIMIT_NAMES } from '../src/protocol/written-limits.ts';
import { appRoutes } from '../src/server/control/routes/app-routes.ts';
import { healthRoutes } from '../src/server/control/routes/health-routes.ts';
import { logRoutes } from '../src/server/control/routes/log-routes.ts';
import { metricsRoutes } from '../src/server/control/routes/metrics-routes.ts';
import { ollamaRoutes } from '../src/server/control/routes/ollama-routes.ts';
import { openaiRoutes } from '../src/server/control/routes/openai-routes.ts';
import { reloadRoutes } from '../src/server/control/routes/reload-routes.ts';
import { runRoutes } from '../src/server/control/routes/run-routes.ts';
import { sessionRoutes } from '../src/server/control/routes/session-routes.ts';
import { statusPageRoutes } from '../src/server/control/routes/status-page-routes.ts';
import { statusRoutes } from '../src/server/control/routes/status-routes.ts';
import { uploadRoutes } from '../src/server/control/routes/upload-routes.ts';

const root = resolve(import.meta.dirname, '..');
const pages = globSync(['*.md', 'docs/*.md', 'examples/**/*.md', 'src/**/*.md'], { cwd: root }).filter((page) => !page.includes('node_modules'));

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Cells of every table row of a page below `heading` (or of all), without headings and rulers. */
function rows(page: string, heading?: string): string[][] {
  const text = heading === undefined ? read(page) : section(read(page), heading);
  const lines = text.split('\n');
  return lines.filter((line, index) => line.startsWith('|') && !isRuler(line) && !isRuler(lines[index + 1] ?? '')).map(cellsOf);
}

function section(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  assert.notEqual(start, -1, `there is no ${heading}`);
  const body = text.slice(start + heading.length + 2);
  const end = body.search(new RegExp(`^#{1,${heading.indexOf(' ')}} `, 'mu'));
  return end === -1 ? body : body.slice(0, end);
}

function isRuler(line: string): boolean {
  return /^\|[-: |]+\|$/u.test(line);
}

function cellsOf(row: string): string[] {
  return row.split('|').slice(1, -1).map((cell) => cell.trim());
}

/** Words in backquotes. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/gu)].map(([, word = '']) => word);
}

test('errors: codes, statuses and faults', () => {
  const documented = rows('docs/errors.md').map(([code = '', status = '', fault = '']) => [quoted(code)[0], { status: Number(status), fault }]);
  assert.deepEqual(documented, Object.entries(ERRORS));
});

function withSeparators(value: number): string {
  return value.toLocaleString('en');
}

/** As the page writes a value whose name says its unit. */
function written(name: string, value: number): string {
  if (name === 'memoryMbMax' || name.endsWith('MbMax')) return `${withSeparators(value)} MB`;
  if (/Ms(?:Max|Min)?$/u.test(name)) return `${withSeparators(value)} ms`;
  if (!name.includes('Bytes')) return withSeparators(value);
  const [size, unit] = value % 2 ** 20 === 0 ? [value / 2 ** 20, 'MB'] : [value / 2 ** 10, 'KB'];
  assert.ok(Number.isInteger(size), `${name} is no whole number of KB`);
  return `${withSeparators(size)} ${unit}`;
}

test('limits of apps: names, keys, defaults and the largest values', () => {
  const documented = rows('docs/limits.md', '## Per app').map(([name = '', key = '', value = '', range = '']) => [quoted(name)[0], quoted(key)[0], value, range]);
  const expected = LIMIT_NAMES.map((name) => [name, LIMIT_KEYS[name], written(name, DEFAULT_APP_LIMITS[name])]);
  assert.deepEqual(documented.map((row) => row.slice(0, 3)), expected);
  for (const [index, name] of LIMIT_NAMES.entries()) {
    const { maxValue } = appLimitsSchema.shape[name];
    if (maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER) assert.ok(documented[index]?.[3]?.includes(`to ${written(name, maxValue)}`), name);
  }
});

test('limits of the host: names and values', () => {
  const documented = rows('docs/limits.md', '## Whole host').map(([name = '', value = '']) => [quoted(name)[0], value]);
  assert.deepEqual(documented, Object.entries(HOST_LIMITS).map(([name, value]) => [name, written(name, value)]));
});

test('limits of agents: names and values', () => {
  const documented = rows('docs/limits.md', '## Agents').map(([name = '', value = '']) => [quoted(name)[0], value]);
  assert.deepEqual(documented, Object.entries(AGENT_LIMITS).map(([name, value]) => [name, written(name, value)]));
});

test('README: the limits that it shows', () => {
  const shown = rows('README.md', '## Limits').map(([, value]) => value);
  assert.deepEqual(shown.slice(0, LIMIT_NAMES.length), LIMIT_NAMES.map((name) => written(name, DEFAULT_APP_LIMITS[name])));
});

test('reliability: each drill is a test', () => {
  const drills = rows('docs/reliability.md', '## Drills').map(([, , cell = '']) => quoted(cell));
  assert.ok(drills.length > 0);
  for (const [file = '', title = ''] of drills) assert.ok(title !== '' && read(file).includes(title), `${file}: ${title}`);
});

test('control API: routes and scopes', () => {
  const routes = [healthRoutes, metricsRoutes, appRoutes, uploadRoutes, reloadRoutes, logRoutes, runRoutes, statusRoutes, sessionRoutes, statusPageRoutes, openaiRoutes, ollamaRoutes].flat();
  const documented = rows('docs/control-api.md', '## Routes').map(([route = '', scope = '']) => `${quoted(route)[0]} ${scope}`);
  assert.deepEqual(documented.toSorted(), routes.map(({ method, path, scope }) => `${method} ${path} ${scope}`).toSorted());
});

test('control API: log events and metrics are those of the code', () => {
  const sources = globSync('src/{host,apps}/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts')).map(read).join('\n');
  const found = (pattern: RegExp): string[] => [...new Set([...sources.matchAll(pattern)].map(([, name = '']) => name))].toSorted();
  const events = rows('docs/control-api.md', '## Log').flatMap(([event = '']) => quoted(event));
  assert.deepEqual(events.toSorted(), found(/(?:\bevent: |'(?:debug|info|warn|error)', )'([a-z_]+)'/gu));
  const metrics = rows('docs/control-api.md', '## Metrics').flatMap(([metric = '']) => quoted(metric));
  assert.deepEqual(metrics.toSorted(), found(/name: '(nanos_[a-z_]+)'/gu));
});

test('boundary: kinds of messages', () => {
  for (const [heading, kinds] of [['## Host to guest', ToGuest], ['## Guest to host', ToHost]] as const) {
    const documented = rows('docs/boundary.md', heading).filter(([, name = '']) => name.startsWith('`')).map(([kind, name = '']) => [quoted(name)[0], Number(kind)]);
    assert.deepEqual(documented, Object.entries(kinds), heading);
  }
});

/** First cells, each word of them. */
function keysIn(page: string, heading: string): string[] {
  return rows(page, heading).flatMap(([keys = '']) => quoted(keys));
}

test('configuration: keys of nanos.yaml and of its apps', () => {
  const { shape } = operatorFileSchema.in;
  const apps = shape.apps.unwrap().element.in.shape;
  assert.deepEqual(keysIn('docs/configuration.md', '## nanos.yaml').toSorted(), [...Object.keys(shape), ...Object.keys(apps)].toSorted());
});

test('configuration: keys of app.nano', () => {
  const wrong = (): unknown => appNano(parseJsonc('app.nano', '{ "unheard-of-key": 1 }'));
  assert.throws(wrong, ({ message }: NanosError) => {
    const valid = message.slice(message.indexOf('valid here: ') + 'valid here: '.length).split(', ');
    assert.deepEqual(keysIn('docs/configuration.md', '## app.nano').toSorted(), valid.toSorted());
    return true;
  });
});

test('configuration: keys of wrangler that are read, passed over, or warned about', () => {
  const heading = '## wrangler.jsonc, wrangler.json, wrangler.toml';
  const [, passedOver = '', warned = ''] = /^(These say nothing .*)\n\n(Every other key .*)$/mu.exec(section(read('docs/configuration.md'), heading)) ?? [];
  const warnings = (key: string, value: unknown): number => wrangler(parseJsonc('wrangler.json', JSON.stringify({ [key]: value }))).warnings.length;
  const sample: Record<string, unknown> = { name: 'a', main: 'b', vars: { A: 1 }, route: 'a.com/*', routes: ['b.com'], limits: { cpu_ms: 1, subrequests: 1 }, ai: { binding: 'AI', remote: true }, rules: [{ type: 'Text', globs: ['a'], fallthrough: true }], services: [{ binding: 'B', service: 'b' }], triggers: { crons: ['* * * * *'] } };
  assert.deepEqual(keysIn('docs/configuration.md', heading).toSorted(), Object.keys(sample).toSorted());
  for (const [key, value] of Object.entries(sample)) assert.equal(warnings(key, value), 0, key);
  assert.ok(quoted(passedOver).length > 0);
  for (const key of quoted(passedOver)) assert.equal(warnings(key, 'x'), 0, key);
  assert.ok(quoted(warned).length > 0);
  for (const key of quoted(warned)) assert.equal(warnings(key, { x: 'y' }), 1, key);
});

// Commands

/** Lines of shell blocks. */
function shellLines(page: string): string[] {
  return [...read(page).matchAll(/^```sh\n([\s\S]*?)^```/gmu)].flatMap(([, block = '']) => block.split('\n')).filter((line) => line !== '');
}

async function help(...argv: string[]): Promise<string> {
  let out = '';
  const sink = { write: (text: string) => (out += text) };
  const nothing = (): never => assert.fail('help starts nothing');
  const status = await runCli([...argv, '--help'], { stdout: sink, stderr: sink, environment: {}, startHost: nothing, onStopSignal: nothing, exit: nothing });
  assert.equal(status, 0, argv.join(' '));
  return out;
}

async function assertNanosCommand(line: string, words: readonly string[]): Promise<void> {
  const command = words[0]?.startsWith('-') === false ? words[0] : undefined;
  if (command !== undefined) assert.match(await help(), new RegExp(`^  ${command} `, 'mu'), line);
  const known = await help(...(command === undefined ? [] : [command]));
  for (const option of words.filter((word) => word.startsWith('-') && word !== '--')) assert.match(known, new RegExp(`${option}\\b`, 'u'), line);
}

/** What a reader's machine has anyway. */
const SYSTEM_PROGRAMS: ReadonlySet<string> = new Set(['cat', 'cp', 'curl', 'ln', 'mkdir', 'npx', 'touch']);

test('commands in the documentation exist, with their options', async () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  let checked = 0;
  for (const page of pages) {
    for (const line of shellLines(page)) {
      const [program = '', ...words] = line.split(/\s+/u);
      if (SYSTEM_PROGRAMS.has(program)) continue;
      checked++;
      if (program === 'nanos' || program === 'bin/nanos') await assertNanosCommand(line, words);
      else if (program === 'npm') await assertNpmCommand(line, words, scripts);
      else assert.fail(`${page}: what is ${program}?`);
    }
  }
  assert.ok(checked > 0);
});

async function assertNpmCommand(line: string, words: readonly string[], scripts: Readonly<Record<string, string>>): Promise<void> {
  const [first = '', second = ''] = words;
  const name = first === 'run' ? second : first;
  assert.ok(Object.hasOwn(scripts, name), line);
  const separator = words.indexOf('--');
  if (separator !== -1 && scripts[name]?.endsWith(`bin/nanos ${name}`)) await assertNanosCommand(line, [name, ...words.slice(separator + 1)]);
}

test('commands and options named in running text exist', async () => {
  const overview = await help();
  const commands = [...overview.matchAll(/^  ([a-z]+) (?:\[| )/gmu)].map(([, name = '']) => name);
  const pagesOfHelp = await Promise.all(commands.filter((name) => name !== 'help').map(async (name) => [name, await help(name)] as const));
  const nested = pagesOfHelp.flatMap(([name, text]) => [...text.matchAll(/^  ([a-z]+) (?:\[options\]|<)/gmu)].map(([, sub = '']) => help(name, sub)));
  const every = [overview, ...pagesOfHelp.map(([, text]) => text), ...(await Promise.all(nested))].join('');
  const others = /^npm |^(?:\S* )?--(?:wasm|permission|liftoff|no-liftoff|stack-size|no-node-snapshot)/u;
  for (const page of ['README.md', 'ARCHITECTURE.md', ...globSync('docs/*.md', { cwd: root })]) {
    for (const words of quoted(read(page).replaceAll(/^```[\s\S]*?^```/gmu, ''))) {
      const [, command] = /^nanos ([a-z]+)\b/u.exec(words) ?? [];
      if (command !== undefined) assert.ok(commands.includes(command), `${page}: ${words}`);
      if (others.test(words)) continue;
      for (const [option] of words.matchAll(/(?<![\w-])--[a-z][a-z-]*/gu)) assert.ok(every.includes(option), `${page}: ${option}`);
    }
  }
});

// Links and paths

/** As code hosts make anchors of headings. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\- ]/gu, '').replaceAll(' ', '-'));
}

test('links between files lead somewhere', () => {
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/gu)) {
      if (/^[a-z]+:/u.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) broken.push(`${page}: ${link}`);
      else if (anchor !== undefined && !anchorsOf(target).includes(anchor)) broken.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('files and folders that the documentation names are there', () => {
  const missing: string[] = [];
  for (const page of pages) {
    for (const path of quoted(read(page))) {
      if (/^(?:src|test|docs|bench|tools|bin|examples)\/[\w./-]+$/u.test(path) && path !== 'src/index' && !existsSync(join(root, path))) missing.push(`${page}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every room has its row in the code map, on its floor', () => {
  const map = rows('ARCHITECTURE.md', '## Code map').map(([floor, room = '']) => [quoted(room)[0] ?? '', Number(floor)] as const);
  const rooms = globSync('src/*/', { cwd: root }).map((path) => path.replace(/^src\//u, '').replace(/\/$/u, ''));
  assert.deepEqual(map.map(([room]) => room).toSorted(), rooms.toSorted());
  const [, floors = ''] = /floors[^=]*= (\[\[[\s\S]*?\]\]);/u.exec(read('test/tidy.test.ts')) ?? [];
  const expected = (JSON.parse(floors.replaceAll("'", '"')) as string[][]).flatMap((group, index) => group.map((room): [string, number] => [room, index + 1]));
  assert.deepEqual(map, expected);
});
