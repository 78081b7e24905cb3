/** Requests of one app that share a crossing: what each does after an await counts for itself, and the end of one is nothing to another. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startNanos, temporaryFolder, type LogLine } from '../support/start-nanos.ts';

const APP = `
const bytes = new Uint8Array(4);
const digest = () => crypto.subtle.digest('SHA-256', bytes);
const deep = async (levels) => (levels === 0 ? digest() : await deep(levels - 1));
const denied = async () => { try { await fetch('http://127.0.0.1:1/'); } catch (error) { return error.message.includes('subrequests') ? 'limit' : 'denied'; } };
const chain = async (steps) => { for (let i = 0; i < steps; i++) await null; };
const lateFetches = async (steps) => { await chain(steps); const first = await denied(); await chain(steps); return new Response(first + ' ' + (await denied())); };
let shared;
const timers = [];
const fired = [];
const dueAt = (timeMs) => {
  timers.push(setTimeout(() => {
    fired.push('fired');
    for (const timer of timers.splice(0)) clearTimeout(timer);
  }, timeMs - Date.now()));
  return new Promise((resolve) => setTimeout(() => resolve(new Response(fired.join())), timeMs + 200 - Date.now()));
};
const routes = {
  '/at-once': () => new Response('done'),
  '/after-timers': async () => { for (let i = 0; i < 3; i++) { await scheduler.wait(1); await digest(); } return new Response('done'); },
  '/after-text': async (request) => { await request.text(); await deep(6); return new Response('done'); },
  '/timers': async (request) => dueAt(Number(await request.text())),
  '/shared': async () => { await (shared ??= digest()); await digest(); return new Response('done'); },
  '/short': async () => { await digest(); return new Response('done'); },
  '/fifty-steps': () => lateFetches(50),
  '/thousand-steps': () => lateFetches(1_000),
  '/many-timers': async () => { await Promise.all(Array.from({ length: 300 }, () => scheduler.wait(1))); await digest(); return new Response('done'); },
  '/digests': async () => { const all = await Promise.all(Array.from({ length: 1_500 }, digest)); return new Response(String(all.length)); },
  '/named': async (request) => { const name = await request.text(); await chain(200); console.log(name); await digest(); return new Response('done'); },
  '/two-fetches': async (request) => { await request.text(); const first = await denied(); await scheduler.wait(1); return new Response(first + ' ' + (await denied())); },
};
export default { fetch: (request) => routes[new URL(request.url).pathname](request) };`;

const root = await temporaryFolder({ after });
const config = join(root, 'turns.yaml');
await writeFile(config, 'limits: { cpu_ms: 5000, subrequests: 2 }\n');
const nanos = await startNanos({ after }, { root, files: { 'turns/index.js': APP }, args: ['--config', config] });

const AT_ONCE = 48;

async function manyAtOnce(paths: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => nanos.request('turns', paths[index % paths.length], { method: 'POST', body: 'x' })));
  return [...new Set(answers.map(({ status, text }) => `${status} ${text}`))];
}

test('host calls of one request go on when another one of its crossing has ended', async () => {
  for (let round = 0; round < 6; round++) assert.deepEqual(await manyAtOnce(['/at-once', '/after-timers', '/after-text', '/shared']), ['200 done']);
});

test('fetches count for the request that makes them', async () => {
  for (let round = 0; round < 4; round++) assert.deepEqual(await manyAtOnce(['/two-fetches']), ['200 denied denied']);
});

for (const path of ['/fifty-steps', '/thousand-steps']) {
  test(`and when it does so after many awaits: ${path}`, async () => {
    for (let round = 0; round < 4; round++) assert.deepEqual(await manyAtOnce([path]), ['200 denied denied']);
    for (let round = 0; round < 4; round++) assert.deepEqual((await manyAtOnce([path, '/at-once', '/short'])).toSorted(), ['200 denied denied', '200 done']);
  });
}

test('lines name the request that printed them, however late in its code', async () => {
  const from = nanos.logs().length;
  const names = Array.from({ length: AT_ONCE }, (_, index) => `line ${index}`);
  await Promise.all(names.map((name, index) => nanos.request('turns', index % 2 === 0 ? '/named' : '/at-once', { method: 'POST', body: name })));
  const printed = (): LogLine[] => nanos.logs().slice(from).filter(({ message }) => message?.startsWith('line ') === true);
  while (printed().length < AT_ONCE / 2) await nanos.waitForLog(({ event }) => event === 'console', nanos.logs().length);
  assert.equal(new Set(printed().map((line) => line['request_id'])).size, AT_ONCE / 2);
});

test('timers that are due together', async () => {
  assert.deepEqual(await manyAtOnce(['/many-timers', '/at-once']), ['200 done']);
});

test('a timer that is due is cleared by one that runs before it, of whichever request', async () => {
  const body = `${Date.now() + 1_000}`;
  const answers = await Promise.all(Array.from({ length: 4 }, () => nanos.request('turns', '/timers', { method: 'POST', body })));
  assert.deepEqual(answers.map(({ text }) => text), ['fired', 'fired', 'fired', 'fired']);
});

test('more calls at once than the host takes are made one after another', async () => {
  assert.equal((await nanos.request('turns', '/digests')).text, '1500');
});
