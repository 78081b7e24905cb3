/** What HTTP says of stored responses, RFC 9111 and RFC 9110, as far as a shared cache that an app fills itself needs it. */

/** name, value, name, value, …; names in lower case */
type Headers = readonly string[];

const MINUTE_MS = 60_000;
/** Where a response says nothing, as at Cloudflare. */
const DEFAULT_MS: Readonly<Record<number, number>> = { 200: 120 * MINUTE_MS, 301: 120 * MINUTE_MS, 302: 20 * MINUTE_MS, 303: 20 * MINUTE_MS, 404: 3 * MINUTE_MS, 410: 3 * MINUTE_MS };
/** A year: longer ages say no more. */
const AGE_MS_MAX = 365 * 24 * 60 * MINUTE_MS;

export function headerOf(headers: Headers, name: string): string | undefined {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] ?? '');
  return values.length === 0 ? undefined : values.join(', ');
}

/** How long a response may be served, in ms; 0: it must not be stored. RFC 9111 sections 3 and 4.2.1. */
export function freshMs(status: number, headers: Headers, nowMs: number): number {
  const directives = cacheDirectives(headerOf(headers, 'cache-control') ?? '');
  const isSplit = directives.get('private') === 'set-cookie' || directives.get('no-cache') === 'set-cookie';
  if (directives.has('no-store') || (!isSplit && (directives.has('private') || directives.has('no-cache')))) return 0;
  if (headerOf(headers, 'set-cookie') !== undefined && !isSplit) return 0;
  const age = directives.get('s-maxage') ?? directives.get('max-age');
  if (age !== undefined) return /^\d+$/.test(age) ? Math.min(Number(age) * 1000, AGE_MS_MAX) : 0;
  const expires = headerOf(headers, 'expires');
  if (expires === undefined) return DEFAULT_MS[status] ?? 0;
  const expiresMs = Date.parse(expires);
  return Number.isNaN(expiresMs) ? 0 : Math.min(Math.max(expiresMs - nowMs, 0), AGE_MS_MAX);
}

/** A directive's argument, without quotes and in lower case; '' for none. Of directives that come twice the first one holds. */
function cacheDirectives(value: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, token] of value.matchAll(/([^\s,=]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    const key = name.toLowerCase();
    if (!directives.has(key)) directives.set(key, (quoted ?? token ?? '').trim().toLowerCase());
  }
  return directives;
}

/** The request's headers that a response depends on; undefined: on everything. RFC 9111 section 4.1. */
export function varyOf(response: Headers, request: Headers): [string, string | undefined][] | undefined {
  const names = (headerOf(response, 'vary') ?? '').split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  return names.includes('*') ? undefined : names.map((name) => [name, headerOf(request, name)]);
}

/** True when the request has this response already. RFC 9110 section 13.2.2. */
export function isNotModified(request: Headers, response: Headers): boolean {
  const tags = headerOf(request, 'if-none-match');
  if (tags !== undefined) {
    const own = headerOf(response, 'etag');
    return tags.trim() === '*' || (own !== undefined && tags.split(',').some((tag) => opaque(tag) === opaque(own)));
  }
  const since = Date.parse(headerOf(request, 'if-modified-since') ?? '');
  const modified = Date.parse(headerOf(response, 'last-modified') ?? '');
  return modified <= since;
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}

/** First and last byte of the one range that is asked for; undefined: the whole. RFC 9110 section 14.2. */
export function rangeOf(request: Headers, lengthBytes: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec((headerOf(request, 'range') ?? '').replaceAll(' ', ''));
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const isSuffix = match[1] === '';
  const first = isSuffix ? Math.max(lengthBytes - Number(match[2]), 0) : Number(match[1]);
  const last = isSuffix || match[2] === '' ? lengthBytes - 1 : Math.min(Number(match[2]), lengthBytes - 1);
  return first > last ? undefined : [first, last];
}
