import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../util/test-properties.ts';
import { canonicalHost, canonicalHostPattern, isAppName } from './hostname.ts';

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/).filter((text) => !text.startsWith('xn--'));
const plainName = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.stringMatching(/^[a-z]{1,10}$/))
  .map(([labels, last]) => [...labels, last].join('.'));

describe('canonicalHost', () => {
  const same: readonly (readonly [string, string])[] = [
    ['a.com', 'a.com'],
    ['A.com.', 'a.com'],
    ['a.com:3000', 'a.com'],
    ['A.COM.:3000', 'a.com'],
    ['a.com:', 'a.com'],
    ['a-com', 'a-com'],
    ['localhost', 'localhost'],
    ['my_app.localhost', 'my_app.localhost'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['a。com。', 'a.com'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[0:0:0:0:0:0:0:1]:8080', '[::1]'],
    ['[2001:DB8::A]', '[2001:db8::a]'],
    ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
    [`${'a'.repeat(63)}.com`, `${'a'.repeat(63)}.com`],
  ];
  for (const [host, canonical] of same) {
    it(`reads ${host} as ${canonical}`, () => assert.equal(canonicalHost(host), canonical));
  }

  const invalid = [
    '', '.', 'a..com', 'a.com..', '.a.com', 'a b.com', 'a.com:x', 'a.com:65536', 'a.com:80:80', 'a%2ecom', 'user@a.com', 'a.com/x', 'a.com?x',
    'a.com#x', 'a\\b', 'a\tb.com', 'a\r\nb', '*.a.com', '::1', '[::1', '[::1]x', '[::g]', '[fe80::1%eth0]', '256.1.1.1', '1.2.3.4.5', 'xn--a',
    `${'a'.repeat(64)}.com`, `${'a.'.repeat(126)}toolong`, 'é'.repeat(600), '\u00ad', '\ud800.com',
  ];
  for (const host of invalid) {
    it(`refuses ${JSON.stringify(host.slice(0, 40))}`, () => assert.equal(canonicalHost(host), undefined));
  }

  it('accepts 253 characters and not one more', () => {
    const longest = `${'a.'.repeat(126)}b`;
    assert.equal(canonicalHost(longest), longest);
    assert.equal(canonicalHost(`${longest}c`), undefined);
    assert.equal(canonicalHost(`${longest}.:80`), longest);
  });

  it('gives one form for every spelling of a name, and another name another form', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(plainName, plainName, port, fc.boolean(), fc.boolean(), (name, other, number, upper, dot) => {
        const spelled = `${upper ? name.toUpperCase() : name}${dot ? '.' : ''}:${number}`;
        assert.equal(canonicalHost(spelled), name);
        assert.equal(canonicalHost(other) === canonicalHost(name), other === name);
      }),
    );
  });

  it('is idempotent and answers only with ASCII, for any text', () => {
    const part = fc.oneof(plainName, fc.string({ unit: 'binary' }), fc.ipV4Extended(), fc.ipV6().map((address) => `[${address}]`));
    fc.assert(
      fc.property(fc.tuple(part, fc.constantFrom('', '.', '。', ':80', ':', '.:8080')), ([name, ending]) => {
        const canonical = canonicalHost(name + ending);
        if (canonical === undefined) return;
        assert.match(canonical, /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/);
        assert.equal(canonicalHost(canonical), canonical);
      }),
    );
  });

  it('agrees with the URL parser on every name that it accepts', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4Extended(), fc.stringMatching(/^[a-zé。.0-9x_-]{1,20}$/)), (name) => {
        const canonical = canonicalHost(name);
        if (canonical === undefined) return;
        assert.equal(canonical, new URL(`http://${name}`).hostname.replace(/\.$/, ''));
      }),
    );
  });
});

describe('canonicalHostPattern', () => {
  it('accepts hosts and wildcards below a name', () => {
    assert.equal(canonicalHostPattern('API.Example.com.'), 'api.example.com');
    assert.equal(canonicalHostPattern('*.Example.com'), '*.example.com');
    assert.equal(canonicalHostPattern('[::1]'), '[::1]');
  });
  it('refuses ports, bare stars, stars elsewhere and wildcards over addresses', () => {
    for (const pattern of ['a.com:443', '[::1]:443', '*', '*.', '*a.com', 'a.*.com', '*.*.com', '*.127.0.0.1', '*.[::1]', '*.a.com:80']) {
      assert.equal(canonicalHostPattern(pattern), undefined, pattern);
    }
  });
});

describe('isAppName', () => {
  it('accepts one DNS label of up to 63 characters', () => {
    for (const name of ['a', '0', 'my-app', 'a--b', 'a'.repeat(63), 'constructor', 'xn--bcher-kva']) assert.ok(isAppName(name), name);
  });
  it('refuses everything else', () => {
    for (const name of ['', '-a', 'a-', 'A', 'a_b', 'a.b', 'a b', 'ä', 'a\n', 'a'.repeat(64), '../a', 'xn--a']) assert.ok(!isAppName(name), name);
  });
  it('makes every name a host below localhost', () => {
    fc.assert(
      fc.property(label, (name) => {
        assert.ok(isAppName(name));
        assert.equal(canonicalHost(`${name}.localhost`), `${name}.localhost`);
      }),
    );
  });
});
