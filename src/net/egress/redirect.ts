/**
 * HTTP-redirect fetch (https://fetch.spec.whatwg.org/#http-redirect-fetch), as far as it concerns a server: no CORS, no referrer.
 */
import { withoutHeaders } from './incoming-headers.ts';

export type RequestBody = null | Uint8Array | AsyncIterable<Uint8Array>;

/** One request of a chain of redirects. */
export interface Hop {
  readonly method: string;
  readonly url: URL;
  /** flat name, value, …; names lower-case */
  readonly headers: readonly string[];
  readonly body: RequestBody;
}

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** https://fetch.spec.whatwg.org/#request-body-header-name */
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-encoding', 'content-language', 'content-location', 'content-type']);
/** Cookie is no concern of the specification, which has a cookie jar; here it is the tenant's own and just as secret. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

export function isRedirect(status: number): boolean {
  return REDIRECT_STATUSES.has(status);
}

/** The request that follows `hop`. Throws a TypeError when the redirect can't be followed. Whether the new URL may be reached is decided elsewhere. */
export function redirectedHop(hop: Hop, status: number, location: string): Hop {
  const url = locationUrl(location, hop.url);
  // 11. The body can't be sent again.
  if (status !== 303 && hop.body !== null && !(hop.body instanceof Uint8Array)) {
    throw new TypeError(`A streamed body can't be sent again after a ${status} redirect; set redirect to "manual" or send a buffered body`);
  }
  let { method, body } = hop;
  let headers = hop.headers;
  // 12. The method becomes GET.
  if (((status === 301 || status === 302) && method === 'POST') || (status === 303 && method !== 'GET' && method !== 'HEAD')) {
    method = 'GET';
    body = null;
    headers = withoutHeaders(headers, BODY_HEADERS);
  }
  // 13. Credentials stay with their origin.
  if (url.origin !== hop.url.origin) headers = withoutHeaders(headers, CREDENTIAL_HEADERS);
  return { method, url, headers, body };
}

function locationUrl(location: string, base: URL): URL {
  try {
    return new URL(asUtf8(location), base);
  } catch (cause) {
    throw new TypeError('Redirect to an invalid URL', { cause });
  }
}

/** Header values come one byte a character; servers that send other than ASCII send UTF-8. */
function asUtf8(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}
