/** Hundreds of apps on one host that may hold only few of their isolates at once. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArtefactStore } from '../../src/apps/artefact/artefact-store.ts';
import { startHost } from '../../src/host/start-host.ts';
import type { LogEvent } from '../../src/protocol/control.ts';
import type { ServeOptions } from '../../src/protocol/serve-options.ts';
import { httpRequest, type Answer } from '../support/http-request.ts';
import { temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const RESIDENTS_MAX = 40;
/** Starts after which a cell looks again whether it holds too many. */
const UNCHECKED_MAX = 64;
const APPS = 300;
const AT_ONCE = 4;
const SOURCE = `let served = 0;
export default { fetch: (request) => Response.json({ host: new URL(request.url).hostname, served: ++served }) };`;

interface Said {
  readonly host: string;
  readonly served: number;
}

const names = Array.from({ length: APPS }, (_, index) => `app-${index}`);
const root = await temporaryFolder({ after });
await writeFiles(join(root, 'apps'), Object.fromEntries(names.map((name) => [`${name}/index.js`, SOURCE])));
const events: LogEvent[] = [];
const options: ServeOptions = { folders: [join(root, 'apps')], configFile: undefined, host: '127.0.0.1', controlPort: 0, appsPort: 0, cells: 1, dataDir: join(root, 'data'), agentsFolder: undefined, dev: false, auth: false, graceMs: 1_000 };
const host = await startHost(
  options,
  undefined,
  { write: (line) => events.push(JSON.parse(line) as LogEvent), flush: () => Promise.resolve() },
  { residentsMax: RESIDENTS_MAX },
);
after(() => host.close());

async function ask(name: string): Promise<Said> {
  const answer = await httpRequest({ port: Number(new URL(host.appsUrl).port), path: '/', headers: { host: `${name}.localhost` } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json() as Said;
}

/** Their answers, in the same order. */
async function askAll(wanted: readonly string[]): Promise<Said[]> {
  const said: Said[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) said.push(...(await Promise.all(wanted.slice(at, at + AT_ONCE).map(ask))));
  return said;
}

function control(path: string): Promise<Answer> {
  const { port, host: authority } = new URL(host.controlUrl);
  return httpRequest({ port: Number(port), path, headers: { host: authority } });
}

async function residents(): Promise<string[]> {
  const { apps } = (await control('/v1/apps')).json() as { apps: { name: string; residents: number }[] };
  return apps.filter((app) => app.residents > 0).map(({ name }) => name);
}

/** The cell's own memory. */
function cellMb(): number {
  const pid = readdirSync('/proc').find((name) => /^\d+$/u.test(name) && isOwnCell(name));
  return Number(/^VmRSS:\s+(?<kilobytes>\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.groups?.['kilobytes']) / 1024;
}

function isOwnCell(pid: string): boolean {
  try {
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return parent === `${process.pid}` && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/host/cell.');
  } catch {
    // it has ended meanwhile
    return false;
  }
}

test('apps of the same content are built once', () => {
  const served = events.filter(({ event }) => event === 'app_serving');
  assert.equal(served.length, APPS);
  assert.deepEqual(events.find(({ event }) => event === 'apps_building')?.['apps'], APPS);
  assert.equal(served.filter(({ reused }) => reused !== true).length, 1);
});

test('a folder that is added is served, and no other is read for that', async () => {
  const [first = ''] = names;
  const outside = join(root, 'outside');
  // what is changed by another name, in a folder that nobody watches, shows only to who reads it
  await link(join(root, 'apps', first, 'index.js'), outside);
  await writeFile(outside, '(');
  await writeFiles(join(root, 'apps'), { 'added/index.js': SOURCE });
  while (!events.some(({ event, app }) => event === 'app_serving' && app === 'added')) await sleep(20);
  assert.equal((await ask('added')).served, 1);
  await sleep(300);
  assert.deepEqual(events.filter(({ level, event }) => level === 'error' || event === 'app_removed'), []);
  await writeFile(outside, SOURCE);
  await rm(join(root, 'apps', 'added'), { recursive: true });
  while (!events.some(({ event, app }) => event === 'app_removed' && app === 'added')) await sleep(20);
});

test('a folder in which the app appears later is served then', async () => {
  await mkdir(join(root, 'apps', 'later'));
  await sleep(300);
  await writeFiles(join(root, 'apps'), { 'later/index.js': SOURCE });
  while (!events.some(({ event, app }) => event === 'app_serving' && app === 'later')) await sleep(20);
  await rm(join(root, 'apps', 'later'), { recursive: true });
  while (!events.some(({ event, app }) => event === 'app_removed' && app === 'later')) await sleep(20);
});

test('a start that is stopped while it builds many apps ends soon, and what was built is whole', async (t) => {
  const own = await temporaryFolder(t);
  const distinct = (name: string): string => SOURCE.replace('let served', `const own = '${name}'; let served`).replace('++served', '++served, own');
  await writeFiles(join(own, 'apps'), Object.fromEntries(names.map((name) => [`${name}/index.js`, distinct(name)])));
  const said: LogEvent[] = [];
  const stop = new AbortController();
  const output = {
    write: (line: string) => {
      const event = JSON.parse(line) as LogEvent;
      said.push(event);
      if (event.event === 'app_serving') stop.abort();
    },
    flush: () => Promise.resolve(),
  };
  await assert.rejects(startHost({ ...options, folders: [join(own, 'apps')], dataDir: join(own, 'data'), stop: stop.signal }, undefined, output), /stopped while it started/u);
  const served = said.filter(({ event }) => event === 'app_serving').length;
  assert.ok(served >= 1 && served < APPS, `${served} were built`);
  assert.deepEqual(said.filter(({ level }) => level === 'error'), []);
  assert.equal(said.at(-1)?.event, 'host_closed');
  const folder = join(own, 'data', 'artefacts');
  const store = new ArtefactStore(folder);
  assert.deepEqual(readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp')), []);
  const keys = readdirSync(folder).flatMap((name) => (name.endsWith('.nanos') ? name.slice(0, -'.nanos'.length) : []));
  assert.ok(keys.length >= served);
  for (const key of keys) assert.equal((await store.find(key))?.key, key);
});

test('every app answers, each for itself, while few are held; the least recently used go first', async () => {
  assert.deepEqual(await askAll(names), names.map((name) => ({ host: `${name}.localhost`, served: 1 })));
  const held = await residents();
  assert.ok(held.length > 0 && held.length <= RESIDENTS_MAX + UNCHECKED_MAX + AT_ONCE, `${held.length} are held`);
  const oldest = APPS - held.length - 2 * AT_ONCE;
  assert.ok(held.every((name) => Number(name.slice('app-'.length)) >= oldest), held.join(' '));
});

test('what is in use stays; what was evicted begins anew', async () => {
  const [favourite = '', ...others] = names;
  let served = 0;
  const anew: Said[] = [];
  for (let at = 0; at < 3 * UNCHECKED_MAX; at += AT_ONCE) {
    ({ served } = await ask(favourite));
    anew.push(...(await askAll(others.slice(at, at + AT_ONCE))));
  }
  assert.equal(served, (3 * UNCHECKED_MAX) / AT_ONCE);
  assert.ok(anew.every((said) => said.served === 1));
});

test('memory does not grow with the apps that come and go', { skip: process.platform === 'linux' ? false : 'needs /proc' }, async () => {
  const beforeMb = cellMb();
  await askAll(names);
  const grownMb = cellMb() - beforeMb;
  // an isolate that stayed would take 1 MB and more
  assert.ok(grownMb < (APPS - RESIDENTS_MAX - UNCHECKED_MAX) / 2, `the cell has grown by ${grownMb.toFixed(0)} MB`);
});

test('requests that come at once for an app that is not held start it once', async () => {
  const [first = ''] = names;
  assert.ok(!(await residents()).includes(first));
  const before = startsOf(first, (await control('/metrics')).text);
  const said = await Promise.all(Array.from({ length: 30 }, () => ask(first)));
  assert.deepEqual(said.map(({ served }) => served).toSorted((a, b) => a - b), Array.from({ length: 30 }, (_, index) => index + 1));
  assert.equal(startsOf(first, (await control('/metrics')).text), before + 1);
});

function startsOf(app: string, metrics: string): number {
  return Number(new RegExp(`^nanos_app_cold_starts_total\\{app="${app}"\\} (?<starts>\\d+)$`, 'mu').exec(metrics)?.groups?.['starts'] ?? 0);
}
