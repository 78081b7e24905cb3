/**
 * HTTP for tenants: Fetch's HTTP-network part with Workers' semantics, behind the operator's policy. Every hop of a redirect passes the
 * same checks as the first request, and a connection is opened only to an address that was judged.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { hostAllowed, portAllowed } from '../../policy/egress.ts';
import type { Verdict } from '../../policy/egress.ts';
import type { EgressPolicy } from '../../protocol/app.ts';
import { canonicalHost } from '../../protocol/hostname.ts';
import type { BodyReader } from './body-reader.ts';
import { egressDenied } from './connect.ts';
import type { Lookup } from './connect.ts';
import { createConnectionPool } from './connection-pool.ts';
import type { Connection, ConnectionPool } from './connection-pool.ts';
import { decodedBody, knownCodings } from './content-decoding.ts';
import { NoResponseError, exchange } from './exchange.ts';
import type { ExchangeResponse } from './exchange.ts';
import { withoutHeaders } from './incoming-headers.ts';
import { networkError } from './network-error.ts';
import { outgoingHeaders } from './outgoing-headers.ts';
import { isRedirect, redirectedHop } from './redirect.ts';
import type { Hop, RequestBody } from './redirect.ts';

const REDIRECTS_MAX = 20;
const CONNECT_MS_MAX = 10_000;

const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);
/** May be sent again when a kept connection turns out to be closed (RFC 9110 section 9.2.2). */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
/** They describe the body as it was sent, which nobody sees any more. */
const CODED_HEADERS: ReadonlySet<string> = new Set(['content-encoding', 'content-length']);

export interface EgressRequest {
  readonly method: string;
  readonly url: string;
  /** flat name, value, … */
  readonly headers: readonly string[];
  readonly redirect: 'follow' | 'manual' | 'error';
  /** the host may read a buffer until the response's head is there; it must not change meanwhile */
  readonly body: RequestBody;
  /** bytes of a streamed body, when known; otherwise it is sent chunked */
  readonly bodyLength?: number | undefined;
}

export interface EgressResponse {
  readonly status: number;
  readonly statusText: string;
  /** of the last hop, without fragment */
  readonly url: string;
  readonly redirected: boolean;
  /** flat name, value, …; names lower-case, values one byte a character, several Set-Cookie apart */
  readonly headers: string[];
  /** decoded; null when this response has none. Must be read to its end or cancelled. */
  readonly body: BodyReader | null;
}

export interface EgressOptions {
  /** names to addresses; the system's resolver by default */
  readonly lookup?: Lookup | undefined;
  readonly connectMsMax?: number | undefined;
  /** PEM certificates to trust instead of the system's */
  readonly certificateAuthorities?: readonly string[] | undefined;
}

/** Who pays. */
export interface EgressAccount {
  /** One hop is about to go out; what this throws ends the request. */
  countSubrequest(): void;
  /** This process has worked, or is about to, for so many ms: looking up a name, decoding a body. */
  chargeCpu(cpuMs: number): void;
}

export interface Egress {
  /**
   * `policy` also names the connections: two policy objects never share one, so give each app its own.
   * Rejects with `egress_denied`, with a TypeError when the network or the server failed, or with the signal's reason.
   */
  fetch(request: EgressRequest, policy: EgressPolicy, signal: AbortSignal, account: EgressAccount): Promise<EgressResponse>;
  /** Ends all connections. */
  close(): void;
}

export function createEgress(options: EgressOptions = {}): Egress {
  const connectOptions = {
    lookup: options.lookup ?? lookupAll,
    connectMsMax: options.connectMsMax ?? CONNECT_MS_MAX,
    certificateAuthorities: options.certificateAuthorities,
  };
  const poolOf = new WeakMap<EgressPolicy, ConnectionPool>();
  const open = new Set<Connection>();

  function pool(policy: EgressPolicy): ConnectionPool {
    let found = poolOf.get(policy);
    if (found === undefined) {
      found = createConnectionPool(policy, connectOptions, open);
      poolOf.set(policy, found);
    }
    return found;
  }

  return {
    fetch: (request, policy, signal, account) => follow(request, policy, pool(policy), signal, account),
    close() {
      for (const connection of open) connection.destroy();
    },
  };
}

async function lookupAll(hostname: string): Promise<string[]> {
  return (await systemLookup(hostname, { all: true })).map(({ address }) => address);
}

async function follow(request: EgressRequest, policy: EgressPolicy, pool: ConnectionPool, signal: AbortSignal, account: EgressAccount): Promise<EgressResponse> {
  let hop = firstHop(request);
  for (let redirects = 0; ; redirects++) {
    signal.throwIfAborted();
    assertAllowed(hop.url, policy);
    account.countSubrequest();
    const response = await send(hop, request.bodyLength, pool, signal, account);
    if (!isRedirect(response.status) || response.location === undefined || request.redirect === 'manual') {
      return toEgressResponse(response, hop.url, redirects > 0, account);
    }
    response.body?.cancel();
    if (request.redirect === 'error') throw new TypeError(`Unexpected redirect from ${hop.url.host}`);
    if (redirects === REDIRECTS_MAX) throw new TypeError(`More than ${REDIRECTS_MAX} redirects`);
    if (response.location === null) throw new TypeError(`Redirect from ${hop.url.host} to several locations`);
    hop = redirectedHop(hop, response.status, response.location);
  }
}

function firstHop({ method, url, headers, body }: EgressRequest): Hop {
  if (FORBIDDEN_METHODS.has(method.toUpperCase())) throw new TypeError(`Method ${method} is not allowed`);
  if (body !== null && (method === 'GET' || method === 'HEAD')) throw new TypeError(`A ${method} request can't have a body`);
  const parsed = URL.parse(url);
  if (parsed === null) throw new TypeError('Invalid URL');
  return { method, url: parsed, headers: outgoingHeaders(headers), body };
}

function assertAllowed(url: URL, policy: EgressPolicy): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw egressDenied(url.host, `the scheme "${url.protocol.slice(0, -1)}" is neither http nor https`);
  if (url.username !== '' || url.password !== '') throw egressDenied(url.host, 'the URL contains a user name or password');
  const host = canonicalHost(url.hostname);
  if (host === undefined) throw egressDenied(url.host, 'the host name is not valid');
  assertVerdict(url.host, hostAllowed(host, policy));
  if (url.port !== '') assertVerdict(url.host, portAllowed(Number(url.port)));
}

function assertVerdict(host: string, verdict: Verdict): void {
  if (!verdict.allowed) throw egressDenied(host, verdict.reason);
}

async function send(hop: Hop, bodyLength: number | undefined, pool: ConnectionPool, signal: AbortSignal, account: EgressAccount): Promise<ExchangeResponse> {
  try {
    const connection = pool.take(hop.url, false, account);
    try {
      return await exchange(connection, hop, bodyLength, signal);
    } catch (error) {
      if (!(error instanceof NoResponseError && connection.reused && mayRepeat(hop))) throw error;
      return await exchange(pool.take(hop.url, true, account), hop, bodyLength, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw networkError(hop.url.host, error instanceof NoResponseError ? error.cause : error);
  }
}

function mayRepeat(hop: Hop): boolean {
  return IDEMPOTENT_METHODS.has(hop.method) && (hop.body === null || hop.body instanceof Uint8Array);
}

function toEgressResponse(response: ExchangeResponse, url: URL, redirected: boolean, account: EgressAccount): EgressResponse {
  const { status, statusText, headers, body, contentEncoding } = response;
  const withoutFragment = new URL(url);
  withoutFragment.hash = '';
  const codings = body === null ? undefined : knownCodings(contentEncoding);
  const plain = body !== null && codings !== undefined ? decodedBody(body, codings, (cpuMs) => account.chargeCpu(cpuMs)) : body;
  return {
    status,
    statusText,
    url: withoutFragment.href,
    redirected,
    headers: codings === undefined ? headers : withoutHeaders(headers, CODED_HEADERS),
    body: plain === null ? null : withNetworkErrors(plain, url.host),
  };
}

function withNetworkErrors(body: BodyReader, host: string): BodyReader {
  return {
    async read() {
      try {
        return await body.read();
      } catch (error) {
        throw isAbort(error) ? error : networkError(host, error);
      }
    },
    cancel: () => body.cancel(),
  };
}

function isAbort(error: unknown): boolean {
  return !(error instanceof Error) || error instanceof DOMException;
}
