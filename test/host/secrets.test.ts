/** What an app is given as a secret stands in no log, however the app writes it, nor on an error page. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runNanos } from '../support/run-nanos.ts';
import { startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const KEY = 'sk-live/3f9a "quoted" + tëxt';
const PASSWORD = 'hunter2-of-the-operator';
const PEM = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQEF', 'AASCBKcwggSjAgEAAoIBAQC7VJTU', '-----END PRIVATE KEY-----'].join('\n');

/** Prints every form; then throws, rejects or answers. */
const APP = `
const utf8 = (text) => String.fromCharCode(...new TextEncoder().encode(text));
const hex = (text) => [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
export default {
  async fetch(request, env, context) {
    for (const secret of Object.values(env)) {
      console.log('plain', secret);
      console.info({ nested: { secret, list: [secret] } });
      console.warn(JSON.stringify({ secret }), JSON.stringify(JSON.stringify({ secret })));
      console.error(new Error('inside ' + secret));
      console.debug(encodeURIComponent(secret), encodeURI(secret), String(new URLSearchParams({ secret })), new URL('https://a.example/?' + secret).href);
      for (const before of ['', 'u:', 'usr:']) console.log('Basic ' + btoa(before + utf8(secret) + '\\n'), btoa(before + utf8(secret)));
      console.log(hex(secret), hex(secret).toUpperCase());
      console.log('x'.repeat(16 * 1024 - 10) + secret);
      for (const line of secret.split('\\n')) if (!line.startsWith('-----')) console.log('line', line);
    }
    console.log('said it all');
    if (request.url.endsWith('/later')) context.waitUntil(Promise.reject(new Error('later ' + env.KEY)));
    if (request.url.endsWith('/throw')) throw new TypeError('thrown with ' + env.KEY + ' and ' + env.PEM);
    return new Response(env.KEY);
  },
};
`;
const folder = await temporaryFolder({ after });
const config = join(folder, 'host.yaml');
await writeFiles(folder, {
  'host.yaml': 'limits: { cpu_ms: 1000 }\nsecrets: [NANOS_TEST_PASSWORD]\napps:\n  - path: listed\n    env: { URL: "postgres://app:${NANOS_TEST_PASSWORD}@db.example/shop" }\n',
  'listed/index.js': `export default { fetch(request, env) { console.log(env.URL, new URL(env.URL).password); console.log(request.headers.get('authorization')); return new Response('ok'); } };`,
});
const nanos = await startNanos({ after }, {
  args: ['--config', config, '--dev'],
  environment: { NANOS_TEST_PASSWORD: PASSWORD },
  files: {
    'tells/index.js': APP,
    'tells/.dev.vars': `KEY='${KEY}'\nPEM="${PEM.replaceAll('\n', '\\n')}"\n`,
  },
});

/** Pieces that no encoding of the secrets but theirs has. */
const TRACES = ['3f9a', 'quoted', 'MIIEvQ', 'AASCBK', 'qhkiG9w0', 'hunter2', ...[KEY, PEM.split('\n')[1] ?? '', PASSWORD].map((secret) => Buffer.from(secret).toString('hex').slice(4, 20))];
const base64Traces = [KEY, PASSWORD].flatMap((secret) => [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString('base64').slice(4, 14)));

function assertSilent(text: string): void {
  for (const trace of [...TRACES, ...base64Traces]) {
    const at = text.toLowerCase().indexOf(trace.toLowerCase());
    assert.equal(at, -1, `${trace} in ${text.slice(Math.max(0, at - 200), at + 100)}`);
  }
}

test('the app itself has its secrets', async () => {
  assert.equal((await nanos.request('tells')).text, KEY);
});

test('an error page in development mode shows none', async () => {
  for (const accept of ['text/html', 'application/json']) {
    const { status, text } = await nanos.request('tells', '/throw', { headers: { accept } });
    assert.equal(status, 500);
    assert.match(text, /thrown with \[secret\] and/);
    assertSilent(text);
  }
});

test('neither does the log, on stdout or by nanos logs', async () => {
  const from = nanos.logs().length;
  await nanos.request('tells', '/later');
  await nanos.request('tells', '/throw');
  await nanos.waitForLog(({ message }) => message?.includes('Uncaught TypeError') === true, from);
  await nanos.waitForLog(({ message }) => message?.includes('later [secret]') === true, from);
  const said = nanos.logs().filter(({ app, event }) => app === 'tells' && event === 'console');
  assert.ok(said.some(({ message }) => message === 'plain [secret]') && said.some(({ message }) => message === 'line [secret]'));
  assertSilent(nanos.logs().map((line) => JSON.stringify(line)).join('\n'));
  const { stdout } = await runNanos(['logs', 'tells', '--json', '--url', nanos.controlUrl, '--token', await nanos.token('read')]);
  assert.match(stdout, /plain \[secret\]/);
  assertSilent(stdout);
});

test('a secret of the operator that is a part of a value, and a token of the control plane, are masked too', async () => {
  const token = await nanos.token('admin');
  await nanos.request('listed', '/', { headers: { authorization: `Bearer ${token}` } });
  await nanos.waitForLog(({ app, message }) => app === 'listed' && message === 'Bearer [secret]');
  await nanos.waitForLog(({ app, message }) => app === 'listed' && message === '[secret] [secret]');
  const text = nanos.logs().map((line) => JSON.stringify(line)).join('\n');
  assert.ok(!text.includes(PASSWORD) && !text.includes(token));
});
