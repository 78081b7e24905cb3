/** Requests of one app that share a crossing: what each does after an await counts for itself, and the end of one is nothing to another. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';

const APP = `
const bytes = new Uint8Array(4);
const digest = () => crypto.subtle.digest('SHA-256', bytes);
const deep = async (levels) => (levels === 0 ? digest() : await deep(levels - 1));
const denied = async () => { try { await fetch('http://127.0.0.1:1/'); } catch (error) { return error.message.includes('subrequests') ? 'limit' : 'denied'; } };
let shared;
const routes = {
  '/at-once': () => new Response('done'),
  '/after-timers': async () => { for (let i = 0; i < 3; i++) { await scheduler.wait(1); await digest(); } return new Response('done'); },
  '/after-text': async (request) => { await request.text(); await deep(6); return new Response('done'); },
  '/shared': async () => { await (shared ??= digest()); await digest(); return new Response('done'); },
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
