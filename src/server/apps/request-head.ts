/**
 * What a request's head says, and whether it says it in one way only. The parser has already refused most malformed messages; what is
 * left are the cases in which another implementation, in front of this one, might have read the message differently (RFC 9112 section 11.2).
 */
import { namedByConnection } from '../../net/egress/hop-by-hop.ts';
import { SESSION_COOKIE } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';

export interface RequestHead {
  /** flat name, value, …; names lower-case, without hop-by-hop fields and Expect */
  readonly headers: string[];
  /** as sent in the request target, else in Host; undefined only in HTTP/1.0 */
  readonly host: string | undefined;
  /** what follows the authority of the URL: path and query */
  readonly target: string;
  /** bytes; undefined: chunked; 0: no body */
  readonly bodyLength: number | undefined;
}

/** What node:http gives. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

const AUTHORITY = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;
const ABSOLUTE_TARGET = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** The head, or why the request must be refused and its connection closed (`bad_request`, `headers_too_large`). */
export function readRequestHead(raw: RawRequest): RequestHead | NanosError {
  const { rawHeaders, httpVersion } = raw;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return bad(`HTTP version ${httpVersion} is not supported`);
  if (rawHeaders.length > 2 * HOST_LIMITS.headersMax) return new NanosError('headers_too_large', `More than ${HOST_LIMITS.headersMax} header fields`);

  const headers: string[] = [];
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let namedHopByHop: Set<string> | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    switch (name) {
      case 'host':
        if (host !== undefined) return bad('More than one Host header');
        host = value;
        break;
      case 'content-length':
        if (contentLength !== undefined) return bad('More than one Content-Length header');
        contentLength = value;
        break;
      case 'transfer-encoding':
        if (transferEncoding !== undefined) return bad('More than one Transfer-Encoding header');
        transferEncoding = value;
        continue;
      case 'connection':
        if (value !== 'keep-alive' && value !== 'close') namedHopByHop = namedByConnection(value) ?? namedHopByHop;
        continue;
      case 'upgrade':
        if (value.toLowerCase().includes('websocket')) return bad('WebSocket is not supported');
        continue;
      case 'cookie':
        if (value.includes(SESSION_COOKIE)) {
          const others = withoutSession(value);
          if (others !== '') headers.push(name, others);
          continue;
        }
        break;
      case 'keep-alive':
      case 'proxy-connection':
      case 'te':
      case 'trailer':
      case 'expect':
        continue;
      default:
    }
    headers.push(name, value);
  }

  const bodyLength = readBodyLength(contentLength, transferEncoding, httpVersion);
  if (bodyLength instanceof NanosError) return bodyLength;
  return readTarget(raw, host, namedHopByHop === undefined ? headers : withoutNamed(headers, namedHopByHop), bodyLength);
}

function readBodyLength(contentLength: string | undefined, transferEncoding: string | undefined, httpVersion: string): number | undefined | NanosError {
  if (transferEncoding === undefined) {
    if (contentLength === undefined) return 0;
    return /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : bad('Content-Length is not a number');
  }
  // RFC 9112 section 6.1
  if (contentLength !== undefined) return bad('Both Content-Length and Transfer-Encoding');
  if (httpVersion === '1.0') return bad('Transfer-Encoding in HTTP/1.0');
  return transferEncoding.toLowerCase() === 'chunked' ? undefined : bad('Transfer-Encoding other than chunked');
}

/** RFC 9112 section 3.2 */
function readTarget(raw: RawRequest, hostHeader: string | undefined, headers: string[], bodyLength: number | undefined): RequestHead | NanosError {
  if (hostHeader === undefined && raw.httpVersion === '1.1') return bad('No Host header');
  if (hostHeader !== undefined && !AUTHORITY.test(hostHeader)) return bad('The Host header is not a host');
  const { target } = raw;
  if (target.charCodeAt(0) === 0x2f) {
    return target.includes('#') ? bad('A fragment in the request target') : { headers, host: hostHeader, target, bodyLength };
  }
  if (target === '*') return raw.method === 'OPTIONS' ? { headers, host: hostHeader, target: '/', bodyLength } : bad('Only OPTIONS can ask for *');
  const [, authority = '', rest = ''] = ABSOLUTE_TARGET.exec(target) ?? [];
  if (!AUTHORITY.test(authority)) return bad('The request target is neither a path nor a URL');
  return { headers, host: authority, target: rest.startsWith('/') ? rest : `/${rest}`, bodyLength };
}

/** Host is no hop-by-hop field, whatever a Connection header says. */
function withoutNamed(headers: readonly string[], named: ReadonlySet<string>): string[] {
  return headers.filter((_, i) => {
    const name = headers[i - (i % 2)] as string;
    return name === 'host' || !named.has(name);
  });
}

/** The control page's session is none of an app's business. */
function withoutSession(cookies: string): string {
  const kept = cookies.split(';').filter((cookie) => cookie.split('=', 1)[0]?.trim() !== SESSION_COOKIE);
  return kept.join(';').trim();
}

function bad(message: string): NanosError {
  return new NanosError('bad_request', message);
}
