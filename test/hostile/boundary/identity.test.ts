/** Which app a request is for: exact, for every spelling of a host and every name that an app can have. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { CellRouter } from '../../../src/host/cell-router.ts';
import { isAppName } from '../../../src/protocol/hostname.ts';
import { fc } from '../../../src/util/test-properties.ts';
import { startNanos } from '../../support/start-nanos.ts';


/** Names that mean something to JavaScript, to a file system, to a terminal or to a log. */
const ODD_NAMES = ['constructor', 'prototype', 'tostring', 'valueof', 'hasownproperty', 'con', 'nul', 'aux', 'com1', 'localhost', 'index', 'api', 'v1', 'default', 'undefined', 'null', 'true', '0', '127', 'a-com', 'a--b', 'xn--bcher-kva'];
const REFUSED_NAMES = ['__proto__', '-a', 'a-', '', '.', '..', 'a.b', 'A', 'a_b', 'a/b', 'a\\b', 'a b', 'a\n', 'a\0', 'bücher', 'xn--', 'xn--a', 'a'.repeat(64), 'ａ', 'а'];

/** Another way to the canonical form, by the URL Standard's host parser: undefined for what is no host. */
function modelHost(written: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\%<>^|`{}"!$&'()*+,;=~\p{Cc}]+)(?::([0-9]*))?$/iu.exec(written);
  if (match === null || Number(match[2] ?? '') > 65_535 || /[.。．｡]{2}$/u.test(match[1] ?? '')) return undefined;
  const [, host = ''] = match;
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1)) ? new URL(`http://${host}`).hostname : undefined;
  const ascii = domainToASCII(host.replace(/[.。．｡]$/u, ''));
  const labels = ascii.split('.');
  return ascii.length <= 253 && labels.every((label) => /^[a-z0-9_-]{1,63}$/u.test(label)) ? ascii : undefined;
}

const label = fc.oneof(
  fc.constantFrom('a', 'a-com', 'com', 'A', 'xn--bcher-kva', 'bücher', 'BÜCHER', 'аррӏе', 'xn--80ak6aa92e', 'my_app', '127', '0x7f', '①', 'ａ', 'straße', 'strasse', 'faß', 'xn--strae-oqa', '__proto__', 'constructor', ''),
  fc.stringMatching(/^[a-z0-9_-]{1,12}$/u),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
);
const written = fc
  .tuple(
    fc.oneof(fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')), fc.ipV4Extended(), fc.ipV6().map((address) => `[${address}]`), fc.string({ unit: 'binary', maxLength: 20 })),
    fc.constantFrom('', '.', '..', ':80', ':', ':0', ':65535', ':65536', ':x', '.:3000', '/x', '@a.com', '%00', ' ', '\t', '。'),
    fc.boolean(),
  )
  .map(([host, ending, upper]) => (upper ? host.toUpperCase() : host) + ending);

describe('routing', () => {
  test('agrees with a model on any Host, whatever hostnames there are', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.uniqueArray(written, { minLength: 1, maxLength: 8 }), fc.array(written, { maxLength: 8 }), (hosts, others) => {
        const router = new CellRouter<string>();
        const expected = new Map<string, string>();
        hosts.forEach((host, number) => {
          const canonical = modelHost(host);
          if (canonical === undefined || expected.has(canonical)) return;
          expected.set(canonical, `app-${number}`);
          router.add(`app-${number}`, { name: `app-${number}`, hostnames: [canonical], port: undefined });
        });
        for (const host of [...hosts, ...others, ...hosts]) {
          const model = modelHost(host);
          const app = model === undefined ? undefined : expected.get(model);
          assert.equal(router.find(host, 3000), app, JSON.stringify(host));
          if (app !== undefined) found++;
        }
      }),
      { numRuns: 3_000 },
    );
    assert.ok(found > 1_000, `${found} found`);
  });

  test('a name that was taken away answers no more, in no spelling that was seen before', () => {
    const router = new CellRouter<string>();
    router.add('first', { name: 'first', hostnames: ['a.com'], port: 81 });
    router.add('second', { name: 'second', hostnames: ['a-com'], port: undefined });
    for (const host of ['a.com', 'A.com.', 'a.COM:81']) assert.equal(router.find(host, 80), 'first');
    assert.equal(router.find('a-com', 80), 'second');
    router.remove('first');
    for (const host of ['a.com', 'A.com.', 'a.COM:81', 'first.localhost']) assert.equal(router.find(host, 81), undefined);
    assert.equal(router.find('A-COM.', 80), 'second');
  });
});

test('a name is one label that means nothing but itself', () => {
  for (const name of ODD_NAMES) assert.ok(isAppName(name), name);
  for (const name of REFUSED_NAMES) assert.ok(!isAppName(name), JSON.stringify(name));
});

test('apps of odd names are themselves and nobody else: files, caches, logs, figures', async () => {
  const source = (name: string): string => `export default { async fetch(request) {
    console.log('I am ${name}');
    const kept = await caches.default.match('http://same.test/');
    await caches.default.put('http://same.test/', new Response('${name}', { headers: { 'cache-control': 'max-age=60' } }));
    return Response.json(['${name}', await kept?.text()]);
  } };`;
  const nanos = await startNanos({ after }, { files: Object.fromEntries(ODD_NAMES.map((name) => [`${name}/index.js`, source(name)])) });
  for (const name of ODD_NAMES) assert.deepEqual((await nanos.request(`${name}.localhost`)).json(), [name, null]);
  for (const name of ODD_NAMES) assert.deepEqual((await nanos.request(`${name.toUpperCase()}.LOCALHOST.:80`)).json(), [name, name]);
  const { apps } = (await nanos.control('/v1/apps', 'read')).json() as { apps: { name: string; residents: number }[] };
  assert.deepEqual(apps.map(({ name, residents }) => [name, residents]), ODD_NAMES.toSorted().map((name) => [name, 1]));
  const metrics = (await nanos.control('/metrics', 'read')).text;
  for (const name of ODD_NAMES) {
    assert.match(metrics, new RegExp(`^nanos_app_requests_total\\{[^}]*app="${name}"[^}]*\\} 2$`, 'm'), name);
    const said = nanos.logs().filter(({ event, app }) => event === 'console' && app === name);
    assert.deepEqual(said.map(({ message }) => message), [`I am ${name}`, `I am ${name}`]);
  }
  for (const host of ['__proto__.localhost', 'constructor', 'constructor.localhost.evil.test', 'xconstructor.localhost', 'a.com', 'tostring_.localhost', '[::1]', '127.0.0.1']) {
    assert.equal((await nanos.request(/[.:]/u.test(host) ? host : `${host}.`)).status, 404, host);
  }
});
