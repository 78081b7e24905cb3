/** What an app that computes leaves to others, and that every road into an app is charged. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { startNanos, temporaryFolder, writeFiles, type Nanos } from '../support/start-nanos.ts';

const HOGS = Array.from({ length: 20 }, (_, index) => `hog-${index}`);

/** Says that it is there, and computes in its next turn until it is ended. */
const HOG = `
export default {
  async fetch() {
    console.log('inside');
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (;;);
  },
};`;

const VICTIM = `export default { fetch: () => new Response('served') };`;

const SPIN = `function spin() { for (;;); }`;

/** Each path spends CPU on a road of its own. */
const ROADS = `
${SPIN}
const later = (run) => new Promise((resolve, reject) => setTimeout(() => { try { resolve(run()); } catch (error) { reject(error); } }, 1));
const derive = async (iterations) => {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'PBKDF2', false, ['deriveBits']);
  await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(16), iterations }, key, 256);
};
export default {
  async fetch(request, env, context) {
    switch (new URL(request.url).pathname) {
      case '/handler': spin();
      case '/timer': await later(spin);
      case '/wait-until': context.waitUntil(later(spin)); return new Response('early');
      case '/response-stream': return new Response(new ReadableStream({ pull: spin }));
      case '/request-stream': for await (const chunk of request.body) if (chunk.length > 0) spin();
      case '/derivation': await derive(5_000_000);
      case '/derivations': for (;;) await derive(20_000);
      case '/calls': for (;;) await crypto.subtle.digest('SHA-512', new Uint8Array(1_000_000));
      case '/compression': for (;;) await new Response(new Response(new Uint8Array(1_000_000)).body.pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
      case '/service': return env.BACK.fetch(request);
      default: return new Response('fine');
    }
  },
  scheduled: spin,
};`;

const BACK = `${SPIN}
export default { fetch: spin };`;

const CONFIG = `
limits: { cpu_ms: 200 }
tenants:
  roads: { bindings: { BACK: { type: service, service: back } } }
${HOGS.map((name) => `  ${name}: { limits: { cpu_ms: 60000, wall_ms: 120000 } }`).join('\n')}
`;

async function start(): Promise<Nanos> {
  const root = await temporaryFolder({ after });
  await writeFiles(root, { 'nanos.yaml': CONFIG });
  const hogs = Object.fromEntries(HOGS.map((name) => [`${name}/index.js`, HOG]));
  const roads = { 'roads/index.js': ROADS, 'roads/wrangler.json': JSON.stringify({ name: 'roads', main: 'index.js', triggers: { crons: ['0 3 * * *'] }, services: [{ binding: 'BACK', service: 'back' }] }) };
  return startNanos({ after }, { root, args: ['--config', join(root, 'nanos.yaml')], files: { ...hogs, ...roads, 'back/index.js': BACK, 'victim/index.js': VICTIM } });
}

const nanos = await start();

describe('every road into an app is charged', () => {
  const code = async (path: string, body?: string): Promise<unknown> => (await nanos.request('roads', path, body === undefined ? {} : { method: 'POST', body })).headers['x-nanos-error'];
  const fine = async (): Promise<void> => assert.equal((await nanos.request('roads')).text, 'fine');

  for (const path of ['/handler', '/timer', '/derivation', '/derivations', '/calls', '/compression']) {
    test(path, async () => {
      assert.equal(await code(path), 'cpu_limit');
      await fine();
    });
  }

  test('/request-stream', async () => {
    assert.equal(await code('/request-stream', 'x'.repeat(200_000)), 'cpu_limit');
    await fine();
  });

  for (const path of ['/wait-until', '/response-stream']) {
    test(path, async () => {
      const from = nanos.logs().length;
      await nanos.request('roads', path).catch(() => undefined);
      const ended = await nanos.waitForLog(({ event, app }) => event === 'isolate_ended' && app === 'roads', from);
      assert.equal(ended['code'], 'cpu_limit');
      await fine();
    });
  }

  test('cron', async () => {
    const { text } = await nanos.control('/v1/apps/roads/trigger', 'admin', { method: 'POST', body: '{"cron":"0 3 * * *"}' });
    assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, 'cpu_limit');
    await fine();
  });

  test('service: the app that computes pays, not the one that called it', async () => {
    const from = nanos.logs().length;
    await nanos.request('roads', '/service');
    const ended = await nanos.waitForLog(({ event }) => event === 'isolate_ended', from);
    assert.deepEqual([ended.app, ended['code']], ['back', 'cpu_limit']);
    await fine();
  });
});

describe('twenty hogs', () => {
  test('while they compute, every request of a neighbour is answered', async () => {
    for (let turn = 0; turn < 40; turn++) assert.equal((await nanos.request('victim')).text, 'served');
    let ended = 0;
    const hogs = HOGS.map((name) => nanos.request(name).then(() => ended++, () => undefined));
    const inside = (): number => nanos.logs().filter(({ app, message }) => HOGS.includes(app ?? '') && message === 'inside').length;
    while (inside() < Math.min(availableParallelism(), HOGS.length)) await nanos.waitForLog(({ app, message }) => HOGS.includes(app ?? '') && message === 'inside', nanos.logs().length);
    for (let request = 0; request < 50; request++) assert.equal((await nanos.request('victim')).text, 'served');
    assert.equal(ended, 0);
    await nanos.kill();
    await Promise.all(hogs);
  });
});
