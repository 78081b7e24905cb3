import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainToASCII } from 'node:url';
import { fc } from '../../../util/test-properties.ts';
import { installUrl, URL } from './index.ts';

const PlatformUrl = globalThis.URL;
const global: Record<string, unknown> = {};
installUrl(global);

const members = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;

type AnyUrl = Record<(typeof members)[number], string>;

function describe(UrlClass: new (url: string, base?: string) => AnyUrl, url: string, base?: string): Record<string, string> | string {
  try {
    const parsed = base === undefined ? new UrlClass(url) : new UrlClass(url, base);
    return Object.fromEntries(members.map((member) => [member, parsed[member]]));
  } catch (error) {
    return (error as Error).name;
  }
}

function assertAgrees(url: string, base?: string): void {
  assert.deepEqual(describe(URL, url, base), describe(PlatformUrl, url, base), `${JSON.stringify(url)} on ${JSON.stringify(base)}`);
}

const urls = [
  'http://example.com', 'https://user:pa%20ss@Example.COM:8080/a/../b/./c?x=1&y=%41#frag', 'HTTP://EXAMPLE.com:80/', 'https://example.com:443?q', 'http://example.com:0/', 'http://example.com:65535/x', 'http://example.com:65536/',
  'http://1.2.3.4/', 'http://0x7f.1/', 'http://0300.168.0xF0/', 'http://256/', 'http://1.2.3.256/', 'http://4294967295/', 'http://4294967296/', 'http://1.2.3.4.5/', 'http://foo.0x4', 'http://foo.0x', 'http://0xabc', 'http://09/', 'http://1.2.3.08/', 'http://1..2/', 'http://1.2.3.4./',
  'http://[::1]/', 'http://[1:2:3:4:5:6:7:8]', 'http://[1::8]', 'http://[::1.2.3.4]', 'http://[::1.2.3.04]', 'http://[::1.2.3]', 'http://[1:2:3:4:5:6:7:8:9]', 'http://[1:2]', 'http://[:1::]', 'http://[1:0:0:2:0:0:0:3]', 'http://[::FFFF:1.2.3.4]', 'http://[1::2::3]', 'http://[1.2.3.4::]', 'http://[::1', 'http://[%31::]', 'http://[::1]:80', 'http://[]',
  'file:///C:/a/../../b', 'file:C|/x', 'file://localhost/x', 'file://host/x', 'file:a', 'file:///C|', 'file:////x', 'file://C:/x', 'file:\\\\host\\x', 'file:#f', 'file:?q',
  'mailto:a@b.c', 'data:text/plain,hello world?q#f', 'javascript:alert(1)', 'non-special://h:1/p?q#f', 'non-special://[::1]/', 'non-special://a b/', 'non-special:/.//p', 'non-special:///p', 'non-special://h\\x', 'web+demo:/..//not-a-host/', 'about:blank', 'blob:https://a.com/uuid', 'blob:d', 'ws://a:80', 'wss://a:443', 'ftp://a:21/', 'a:', 'a:b:c', '1a:b', 'a+b-c.d:e',
  'http:a', 'http:/a', 'http:///a', 'http:\\\\a\\b', 'https://a/b c"<>`{}|\\', "https://a/?b c\"<>`{}'|\\", 'https://a/#b c"<>`{}|\\', 'https://a@b@c/', 'https://a:b:c@d/', 'https://:@a/', 'https://@/', 'https://a:/', 'https://a:x/', 'https://%61.com/', 'https://a%00b/', 'https://a%2fb/', 'https://a b/', 'https://a<b/', 'https://a^b/', 'https://a|b/', 'https://-a_b-.c/',
  ' \t\n http://a\t/\nb\r ', 'http://a/%', 'http://a/%2', 'http://a/%2e/%2E%2e/b', 'http://a/.%2e/b/..', 'http://a/b/.', 'http://a//..//b', 'http://ü.com/ö?ä#ß', 'http://a/\ud800', 'http://日本語.jp', 'http://xn--mnchen-3ya.de', 'http://MÜNCHEN.de', 'http://faß.de', 'http://a。b', 'http://ｅｘ.com', 'http://\u00ad/', 'http://a\u200b.com', 'http://xn--/', 'http://xn--a/', '', '/', '?', '#', '//', '///', 'http://', 'http:', 'https:', 'http://a#', 'http://a?', 'http://a?#',
];

const bases = ['http://u:p@h:1/a/b/c?q#f', 'https://h', 'file:///C:/a/b', 'file://h/a', 'non-special://h/a/b', 'non-special:/a/b'];
const relatives = ['', '.', '..', './x', '../x', '../../../x', '/x', '//x', '//x:8/y', '///x', '\\x', '\\\\x', '?x', '#x', 'x?y#z', 'http:x', 'http:/x', 'http://x', 'https:x', 'file:x', 'C|/x', '/C:/x', '/../C:/x', 'C:', 'x:y', '%2e%2e/x', 'a/./b/../c', ';x', '@x', ':x', '//', '//?x', '//#x', '//a@b'];

test('agrees with the platform on absolute URLs', () => {
  for (const url of urls) assertAgrees(url);
});

test('agrees with the platform on relative URLs', () => {
  for (const base of bases) for (const relative of relatives) assertAgrees(relative, base);
});

const token = fc.constantFrom('http', 'https', 'file', 'a', ':', '/', '//', '\\', '@', '?', '#', '.', '..', '%2e', '%', '[', ']', '::1', '1', '255', '0x1', '01', 'x', 'C:', 'C|', '-', '_', '80', '443', '"', '<', "'", '`', '{', '|', '\t', 'é', '😀', '*', '~', '+', '&', '=', ';', ',', '$', '!', '(');

test('agrees with the platform on what is put together at random', () => {
  fc.assert(
    fc.property(fc.constantFrom('', 'http://', 'https://a', 'file:', 'x://', 'http://a.b/'), fc.array(token, { maxLength: 8 }), fc.constantFrom(undefined, ...bases.filter((base) => !base.startsWith('non-special'))), (start, tokens, base) => {
      const url = start + tokens.join('');
      // Node loses the path of a URL that is not special when ".." empties it.
      if (/^(?:http|file)/.test(start) || !/\.\.|%2e/.test(url)) assertAgrees(url, base);
    }),
    { numRuns: 10_000 },
  );
});

test('where Node departs from the standard, the standard holds', () => {
  assert.equal(new URL('http://a/^').href, 'http://a/%5E');
  assert.equal(new URL('data:x  #f').href, 'data:x %20#f');
  assert.equal(new URL('#f', 'mailto:x').href, 'mailto:x#f');
  for (const relative of ['x?y#z', 'x#', '?x', '', '/x']) assert.throws(() => new URL(relative, 'mailto:x'), TypeError);
  const url = new URL('http://h:1/');
  url.port = 'x';
  url.host = ':';
  assert.equal(url.href, 'http://h:1/');
  assert.equal(new URL('/..', 'non-special://h/a').href, 'non-special://h/');
});

test('hosts that UTS #46 refuses', () => {
  const refused = ['xn--xn---epa', 'xn--xn--a--gua.pt', 'a\ufe12b', '\u0601a', '\u06ef\u200c\u06ef', '\u0628\u200ca', '\u200d'];
  for (const host of refused) assert.equal(URL.canParse(`http://${host}/`), false, JSON.stringify(host));
  for (const host of ['\u0628\u200c\u0628', '\u0628\u064b\u200c\u064b\u0627', '\u0915\u094d\u200d\u0937']) assert.equal(new URL(`http://${host}/`).host, domainToASCII(host));
});

test('the quick way gives what the state machine gives', () => {
  const hosts = fc.constantFrom('a', 'a.b', 'a-b.c', 'localhost', '0x', 'a.0xf', 'xn--a', 'x.xn--b', '1.a', 'a.', '.a', 'a..b', '-');
  const paths = fc.array(fc.constantFrom('/', '/a', '/.', '/..', '/.a', '/%2e', '/%41', "/'", '/@', '/~', '//', '/a:b'), { maxLength: 4 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.constantFrom('http', 'https'), hosts, fc.constantFrom('', ':80', ':443', ':8080', ':0', ':00', ':99999'), paths, fc.constantFrom('', '?', '?a=b', "?'", '?a b', '?é', '#f'), (scheme, host, port, path, rest) => {
      const url = `${scheme}://${host}${port}${path}${rest}`;
      assert.deepEqual(describe(URL, url), describe(URL, `\t${url}`), url);
    }),
    { numRuns: 3000 },
  );
});

const setters = ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;

test('setters agree with the platform', () => {
  const values = ['', 'x', 'x:1', 'h.c:8080/x', 'https', 'file', 'ftp:', 'a b', '8080', '80', '99999', '1x', '/a/../b', '?q', '#f', 'é', '[::1]', '1.2.3', '\\x', '//x', '%2e', "'", '@', 'a@b', ':'];
  const starts = ['http://u:p@h:1/a?q#f', 'https://h/', 'file:///C:/a', 'file://h/a', 'non-special://h/a', 'mailto:x'];
  for (const start of starts) {
    for (const member of setters) {
      for (const value of values) {
        // Node forgets the port or host instead of keeping it.
        if ((member === 'port' && /^\D/.test(value)) || (member === 'host' && /^:?$/.test(value))) continue;
        const [ours, theirs] = [new URL(start), new PlatformUrl(start)];
        ours[member] = value;
        theirs[member] = value;
        assert.equal(ours.href, theirs.href, `${start} ${member} = ${value}`);
      }
    }
  }
});

test('setting host takes host and port', () => {
  const url = new URL('http://a:1/x');
  url.host = 'b:2';
  assert.equal(url.href, 'http://b:2/x');
  url.host = 'c';
  assert.equal(url.href, 'http://c:2/x');
  url.hostname = 'd:3';
  assert.equal(url.href, 'http://c:2/x');
});

test('search parameters and URL are one', () => {
  const url = new URL('http://a/?x=1');
  const params = url.searchParams;
  params.append('y', 'a b');
  assert.equal(url.href, 'http://a/?x=1&y=a+b');
  url.search = '?z=2';
  assert.deepEqual([...params], [['z', '2']]);
  url.href = 'http://b/?w=3';
  assert.deepEqual([url.searchParams, [...params]], [params, [['w', '3']]]);
  params.delete('w');
  assert.equal(url.href, 'http://b/');
});

test('parse and canParse do not throw', () => {
  assert.equal(URL.canParse('x', 'http://a/'), true);
  assert.equal(URL.canParse('x'), false);
  assert.equal(URL.parse('x'), null);
  assert.equal(URL.parse('x', 'http://a/')?.href, 'http://a/x');
  assert.throws(() => new URL('x'), TypeError);
});

test('the interface has the shape that Web IDL asks for', () => {
  assert.deepEqual(Object.keys(URL.prototype).toSorted(), [...members, 'searchParams', 'toJSON', 'toString'].toSorted());
  assert.deepEqual(Object.keys(URL), ['parse', 'canParse']);
  assert.equal(URL.length, 1);
  assert.equal(JSON.stringify({ url: new URL('http://a') }), '{"url":"http://a/"}');
  assert.throws(() => Reflect.get(URL.prototype, 'href', {}), TypeError);
});
