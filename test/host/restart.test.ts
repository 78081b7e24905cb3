/** What a host leaves on disk, and what it makes of that when it is started again. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startNanos, type Nanos } from '../support/start-nanos.ts';

const SECRET = 'sk-3f9a-nobody-may-find-this';
/** Past the size from which an app is snapshotted. */
const LARGE = `const table = ${JSON.stringify(Array.from({ length: 40_000 }, (_, index) => `entry ${index}`))};
export default { fetch: () => new Response(String(table.length)) };`;
const files = {
  'small/index.js': `export default { fetch: () => new Response('small') };`,
  'large/index.js': LARGE,
  'secretive/index.js': `export default { fetch: (request, env) => new Response([...env.API_KEY].toReversed().join('') === '${[...SECRET].toReversed().join('')}' ? 'knows' : 'lacks') };`,
  'secretive/.dev.vars': `API_KEY=${SECRET}\n`,
  // service workers see vars as globals, so that these are in the artefact; secrets must not be
  'service/index.js': `addEventListener('fetch', (event) => event.respondWith(new Response(String(globalThis.GREETING) + (typeof API_KEY === 'string' && API_KEY.length))));`,
  'service/wrangler.json': `{ "name": "service", "main": "index.js", "vars": { "GREETING": "hi" } }`,
  'service/.dev.vars': `API_KEY=${SECRET}\n`,
};
const names = ['small', 'large', 'secretive', 'service'];
const expected = ['small', '40000', 'knows', `hi${SECRET.length}`];

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function answers(nanos: Nanos): Promise<string[]> {
  return Promise.all(names.map(async (name) => (await nanos.request(name)).text));
}

function served(nanos: Nanos): Record<string, unknown> {
  const lines = nanos.logs().filter(({ event }) => event === 'app_serving');
  return Object.fromEntries(lines.map((line) => [line.app, line['reused']]));
}

const allReused = Object.fromEntries(names.map((name) => [name, true]));

const first = await startNanos({ after }, { files });
const { root } = first;
assert.deepEqual(served(first), Object.fromEntries(names.map((name) => [name, false])));
assert.deepEqual(await answers(first), expected);
assert.deepEqual(await first.stop(), { code: 0, signal: null });

test('a restart reuses every artefact', async (t) => {
  const again = await startNanos(t, { root });
  assert.deepEqual(served(again), allReused);
  assert.deepEqual(await answers(again), expected);
  assert.deepEqual(again.pids('builder'), []);
});

test('everything in the data directory is its owner’s alone; the group of a user of the cells may read what was built', () => {
  const data = join(root, 'data');
  assert.equal(statSync(data).mode & 0o777, process.getuid?.() === 0 ? 0o710 : 0o700);
  for (const file of filesBelow(data)) assert.equal(statSync(file).mode & 0o077 & (/\.(nanos|map|snapshot|parts)$/.test(file) ? 0o037 : 0o077), 0, file);
});

test('no file of the data directory holds a secret', () => {
  const all = filesBelow(join(root, 'data'));
  assert.ok(all.some((file) => file.endsWith('.nanos')));
  for (const file of all) {
    const content = readFileSync(file);
    for (const form of [SECRET, Buffer.from(SECRET).toString('base64').slice(0, 30), Buffer.from(SECRET, 'utf16le')]) assert.ok(!content.includes(form), file);
  }
});

/** Damage that only its hash shows is noticed when the app is first called. */
async function wholeAgain(nanos: Nanos, name: string): Promise<void> {
  const from = nanos.logs().length;
  const { status, headers } = await nanos.request(name);
  if (status === 200) return;
  assert.deepEqual([status, headers['x-nanos-error']], [500, 'artefact_corrupt']);
  await nanos.waitForLog(({ event, app }) => event === 'app_serving' && app === name, from);
}

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  writeFileSync(file, bytes);
}

for (const [what, damage] of [
  ['a flipped byte in its middle', (file: string) => flipByte(file, Math.floor(statSync(file).size / 2))],
  ['a flipped byte at its end', (file: string) => flipByte(file, statSync(file).size - 1)],
  ['a missing half', (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2))],
] as const) {
  test(`artefacts with ${what} are built again`, async (t) => {
    for (const file of filesBelow(join(root, 'data', 'artefacts')).filter((path) => path.endsWith('.nanos'))) damage(file);
    const again = await startNanos(t, { root });
    await Promise.all(names.map((name) => wholeAgain(again, name)));
    assert.deepEqual(await answers(again), expected);
    await again.stop();
    const third = await startNanos(t, { root });
    assert.deepEqual(served(third), allReused);
    assert.deepEqual(await answers(third), expected);
  });
}

test('a damaged API snapshot is made again, and with it what was built on it', async (t) => {
  for (const file of filesBelow(join(root, 'data', 'artefacts')).filter((path) => path.endsWith('.snapshot'))) flipByte(file, 1_000);
  const again = await startNanos(t, { root });
  assert.deepEqual(await answers(again), expected);
});

test('damaged notes about earlier builds are as good as none', async (t) => {
  for (const file of filesBelow(join(root, 'data', 'artefacts')).filter((path) => path.endsWith('.json'))) writeFileSync(file, '{"format":1');
  const again = await startNanos(t, { root });
  assert.deepEqual(await answers(again), expected);
});

test('a second host can not have the same data directory', async (t) => {
  const running = await startNanos(t, { root });
  await assert.rejects(startNanos(t, { root }), /data_dir_in_use/);
  assert.deepEqual(await answers(running), expected);
});

test('a host that was killed leaves nothing that keeps the next one from starting', async (t) => {
  const killed = await startNanos(t, { root });
  await killed.kill();
  const next = await startNanos(t, { root });
  assert.deepEqual(await answers(next), expected);
});
