/** Whole exchanges: what the handler sees of a request, and what the client sees of a response. */
import { isDeepStrictEqual } from 'node:util';
import { type Arbitrary, fc } from '../../../src/util/test-properties.ts';
import type { RequestOptions } from '../../support/http-request.ts';
import { ALIKE, type Comparison } from './compare-programs.ts';
import type { HostName, Send } from './hosts.ts';
import { KNOWN_EXCHANGES } from './known-exchanges.ts';
import { body, headersInit, text } from './values.ts';

export interface Exchange {
  readonly path: string;
  readonly options: RequestOptions;
}

const PATH_PARTS = ['/', 'a', '%20', '%zz', '..', '.', '%2e', '//', '"', '|', '{}', '?', '&', '=', ';', '%00', '%2F', '+', '~', "'", '%C3%A4', '\\', '^', '`', '*', ':', '@'];
const path = fc.array(fc.constantFrom(...PATH_PARTS), { maxLength: 8 }).map((parts) => `/echo/${parts.join('')}`);
const requestHeaders = fc.dictionary(fc.constantFrom('x-a', 'X-B', 'accept', 'cookie', 'content-type', 'user-agent', 'range', 'authorization'), fc.constantFrom('', 'a', 'a, b', 'a=1; b=2', '"q"', 'ÿ', '\t', 'text/plain;charset=UTF-8', 'bytes=0-1'), { maxKeys: 4, noNullPrototype: true });
const request: Arbitrary<Exchange> = fc
  .record({ path, method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'QUERY', 'PROPFIND'), headers: requestHeaders, sent: fc.option(fc.oneof(text, fc.uint8Array({ maxLength: 20 })), { nil: undefined }) })
  .map(({ path: to, method, headers, sent }) => ({ path: to, options: { method, ...(sent === undefined || method === 'GET' || method === 'HEAD' ? { headers } : { headers: { ...headers, 'content-length': Buffer.byteLength(sent) }, body: sent }) } }));

const answered = fc.record({ body, init: fc.record({ status: fc.constantFrom(200, 201, 204, 205, 301, 304, 400, 404, 418, 500, 599, 199, 600), headers: headersInit }, { requiredKeys: [] }) }, { requiredKeys: ['body'] });
const response: Arbitrary<Exchange> = answered.map((value) => ({ path: '/respond', options: { method: 'POST', body: JSON.stringify(value) } }));

export const EXCHANGES: Readonly<Record<string, Arbitrary<Exchange>>> = { 'http-request': request, 'http-response': response };

/** What a client sees. */
export type Outcome = 'threw' | 'broken off' | { readonly status: number; readonly headers: readonly (readonly [string, unknown])[]; readonly text: string };

/** A handler that threw is compared by that alone: each host has its own page for it. */
export async function compareExchanges(hosts: Readonly<Record<HostName, Send>>, exchange: Exchange): Promise<Comparison> {
  const [nanos, workerd] = await Promise.all([outcome(hosts.nanos, exchange), outcome(hosts.workerd, exchange)]);
  if (isDeepStrictEqual(nanos, workerd)) return ALIKE;
  const known = knownReason(exchange, nanos, workerd);
  return known === undefined ? { difference: { nanos, workerd }, known } : { difference: undefined, known };
}

/** What may differ is levelled one after another, until the two are alike. */
function knownReason(exchange: Exchange, nanos: Outcome, workerd: Outcome): string | undefined {
  let sides = [nanos, workerd] as const;
  for (const { reason, matches, level } of KNOWN_EXCHANGES) {
    if (matches?.(exchange, ...sides) === true) return reason;
    if (level !== undefined) sides = [level(sides[0]), level(sides[1])];
    if (isDeepStrictEqual(...sides)) return reason;
  }
  return undefined;
}

/** Set by the server, not by the Worker. */
const SERVERS_OWN = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'x-request-id']);

async function outcome(send: Send, { path: to, options }: Exchange): Promise<Outcome> {
  try {
    const { status, headers, text: got } = await send(to, options);
    if (status === 500 && (headers['x-nanos-error'] !== undefined || got === 'Internal Server Error' || options.method === 'HEAD')) return 'threw';
    const told = Object.entries(headers).filter(([name]) => !SERVERS_OWN.has(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { status, headers: told, text: got };
  } catch {
    return 'broken off';
  }
}
