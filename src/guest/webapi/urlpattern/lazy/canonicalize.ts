/** https://urlpattern.spec.whatwg.org/#canonicalization. Each throws a TypeError for what can't be part of a URL. */
import { percentEncode, userinfoSet } from '../../url/percent-encode.ts';
import { parseUrl, parseUrlPart, type State } from '../../url/url-parser.ts';
import { isSpecialScheme, type UrlRecord } from '../../url/url-record.ts';

function dummyUrl(scheme = 'https'): UrlRecord {
  return { scheme, username: '', password: '', host: 'dummy.invalid', port: null, path: '', hasOpaquePath: false, query: null, fragment: null };
}

function parsePart(value: string, url: UrlRecord, state: State): UrlRecord {
  if (!parseUrlPart(value, url, state)) throw new TypeError(`URLPattern: ${value.slice(0, 200)} can not be the ${state} of a URL`);
  return url;
}

export function canonicalizeProtocol(value: string): string {
  if (value === '') return '';
  const url = parseUrl(`${value}://dummy.invalid/`);
  if (url === null) throw new TypeError(`URLPattern: ${value.slice(0, 200)} can not be the protocol of a URL`);
  return url.scheme;
}

export function canonicalizeUserinfo(value: string): string {
  return percentEncode(value, userinfoSet);
}

/** Of a URL with a special scheme, or one that is not known. */
export function canonicalizeDomain(value: string): string {
  return value === '' ? '' : (parsePart(value, dummyUrl(), 'hostname').host ?? '');
}

export function canonicalizeOpaqueHost(value: string): string {
  return value === '' ? '' : (parsePart(value, dummyUrl('foo'), 'hostname').host ?? '');
}

export function canonicalizeIpv6(value: string): string {
  if (!/^[0-9a-f[\]:]*$/i.test(value)) throw new TypeError(`URLPattern: ${value.slice(0, 200)} can not be part of an IPv6 address`);
  return value.toLowerCase();
}

export function canonicalizePort(value: string, protocol = 'https'): string {
  if (value === '') return '';
  const { port } = parsePart(value, dummyUrl(protocol === '' ? 'foo' : protocol), 'port');
  return port === null ? '' : String(port);
}

/** A port in a pattern, whose protocol may be a pattern too. */
export function canonicalizePatternPort(value: string): string {
  return canonicalizePort(value, '');
}

/** A path without a slash gets "/-" in front while it is parsed: else dots in it would count as segments. */
export function canonicalizePathname(value: string): string {
  if (value === '') return '';
  const isRooted = value.startsWith('/');
  const { path } = parsePart(isRooted ? value : `/-${value}`, dummyUrl(), 'path start');
  return isRooted ? path : path.slice(2);
}

export function canonicalizeOpaquePathname(value: string): string {
  if (value === '') return '';
  return parsePart(value, { ...dummyUrl('foo'), host: null, hasOpaquePath: true }, 'opaque path').path;
}

export function canonicalizePathnameOf(value: string, protocol: string): string {
  return protocol === '' || isSpecialScheme(protocol) ? canonicalizePathname(value) : canonicalizeOpaquePathname(value);
}

export function canonicalizeHostnameOf(value: string, protocol: string): string {
  return protocol === '' || isSpecialScheme(protocol) ? canonicalizeDomain(value) : canonicalizeOpaqueHost(value);
}

export function canonicalizeSearch(value: string): string {
  return value === '' ? '' : (parsePart(value, { ...dummyUrl(), query: '' }, 'query').query ?? '');
}

export function canonicalizeHash(value: string): string {
  return value === '' ? '' : (parsePart(value, { ...dummyUrl(), fragment: '' }, 'fragment').fragment ?? '');
}
