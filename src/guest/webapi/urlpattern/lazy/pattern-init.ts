/** https://urlpattern.spec.whatwg.org/#urlpatterninit-processing */
import { parseUrl } from '../../url/url-parser.ts';
import type { UrlRecord } from '../../url/url-record.ts';
import { canonicalizeHash, canonicalizeHostnameOf, canonicalizePathnameOf, canonicalizePort, canonicalizeSearch, canonicalizeProtocol, canonicalizeUserinfo } from './canonicalize.ts';

export const componentNames = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
export type ComponentName = (typeof componentNames)[number];
export type PatternInit = { [K in ComponentName | 'baseURL']?: string };
export type Components = { [K in ComponentName]?: string };

/** `pattern`: text of patterns, which is left alone; `url`: parts of a URL, which are canonicalised. */
type Kind = 'pattern' | 'url';

/** Throws a TypeError when the base is no URL or, for kind `url`, a part can't be part of one. */
export function processInit(init: PatternInit, kind: Kind): Components {
  const base = init.baseURL === undefined ? null : parseUrl(init.baseURL);
  if (init.baseURL !== undefined && base === null) throw new TypeError(`URLPattern: ${init.baseURL.slice(0, 200)} is not a URL`);
  const result: Components = base === null ? {} : inherited(init, base, kind);
  const canonical = (canonicalize: (value: string) => string, value: string): string => (kind === 'pattern' ? value : canonicalize(value));
  if (init.protocol !== undefined) result.protocol = canonical(canonicalizeProtocol, init.protocol.replace(/:$/, ''));
  const protocol = result.protocol ?? '';
  if (init.username !== undefined) result.username = canonical(canonicalizeUserinfo, init.username);
  if (init.password !== undefined) result.password = canonical(canonicalizeUserinfo, init.password);
  if (init.hostname !== undefined) result.hostname = canonical((value) => canonicalizeHostnameOf(value, protocol), init.hostname);
  if (init.port !== undefined) result.port = canonical((value) => canonicalizePort(value, protocol), init.port);
  if (init.pathname !== undefined) result.pathname = canonical((value) => canonicalizePathnameOf(value, protocol), resolvedPath(init.pathname, base, kind));
  if (init.search !== undefined) result.search = canonical(canonicalizeSearch, init.search.replace(/^\?/, ''));
  if (init.hash !== undefined) result.hash = canonical(canonicalizeHash, init.hash.replace(/^#/, ''));
  return result;
}

/** Each part is taken over only when nothing before it in a URL is given. */
function inherited(init: PatternInit, base: UrlRecord, kind: Kind): Components {
  const result: Components = {};
  const lacks = (...names: ComponentName[]): boolean => names.every((name) => init[name] === undefined);
  const take = (name: ComponentName, value: string): void => {
    result[name] = kind === 'pattern' ? escapeInherited(value) : value;
  };
  if (lacks('protocol')) take('protocol', base.scheme);
  if (kind === 'url' && lacks('protocol', 'hostname', 'port', 'username')) take('username', base.username);
  if (kind === 'url' && lacks('protocol', 'hostname', 'port', 'username', 'password')) take('password', base.password);
  if (lacks('protocol', 'hostname')) take('hostname', base.host ?? '');
  if (lacks('protocol', 'hostname', 'port')) take('port', base.port === null ? '' : String(base.port));
  if (lacks('protocol', 'hostname', 'port', 'pathname')) take('pathname', base.path);
  if (lacks('protocol', 'hostname', 'port', 'pathname', 'search')) take('search', base.query ?? '');
  if (lacks('protocol', 'hostname', 'port', 'pathname', 'search', 'hash')) take('hash', base.fragment ?? '');
  return result;
}

function escapeInherited(text: string): string {
  return text.replace(/[+*?:{}()\\]/g, '\\$&');
}

function resolvedPath(pathname: string, base: UrlRecord | null, kind: Kind): string {
  if (base === null || base.hasOpaquePath || isAbsolute(pathname, kind)) return pathname;
  const basePath = kind === 'pattern' ? escapeInherited(base.path) : base.path;
  return basePath.slice(0, basePath.lastIndexOf('/') + 1) + pathname;
}

function isAbsolute(pathname: string, kind: Kind): boolean {
  return pathname.startsWith('/') || (kind === 'pattern' && (pathname.startsWith('\\/') || pathname.startsWith('{/')));
}
