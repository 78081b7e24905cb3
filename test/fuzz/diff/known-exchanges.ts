/** As known-differences.ts, of whole exchanges. */
import type { Exchange, Outcome } from './compare-exchanges.ts';
import { FORMS, NULL_BODIES, ODD_HEADERS } from './known-differences.ts';
import { isNullBodyStatus, isOddInit } from './odd-parts.ts';

export interface KnownExchange {
  readonly reason: string;
  /** of an exchange on which the two differ as a whole */
  matches?(exchange: Exchange, nanos: Outcome, workerd: Outcome): boolean;
  /** Takes out of an outcome what may differ. */
  level?(outcome: Outcome): Outcome;
}

const given = ({ options }: Exchange): { body?: unknown; init?: { status?: unknown; headers?: unknown } } => (typeof options.body === 'string' && options.body.startsWith('{"body"') ? (JSON.parse(options.body) as object) : {});
const statusOf = (outcome: Outcome): number | undefined => (typeof outcome === 'string' ? undefined : outcome.status);

export const KNOWN_EXCHANGES: readonly KnownExchange[] = [
  { reason: ODD_HEADERS, matches: (exchange, nanos) => nanos === 'threw' && isOddInit(given(exchange).init?.headers) },
  { reason: NULL_BODIES, matches: (exchange, nanos) => nanos === 'threw' && isNullBodyStatus(given(exchange).init?.status) },
  { reason: 'A chunk of a body must be a Uint8Array; text is an error', matches: (exchange, nanos) => nanos === 'broken off' && JSON.stringify(given(exchange).body).includes('"stream"') },
  { reason: 'Paths are read as the URL Standard reads them, whatever is in them', matches: ({ path }, _nanos, workerd) => statusOf(workerd) === 400 && /["|{}\\^`%]/.test(path) },
  { reason: 'A header may be empty', level: (outcome) => changed(outcome, (headers) => headers.filter(([, value]) => String(value) !== ''), (text) => text.replaceAll(/\["[^"\\]*",""\],?/g, '').replaceAll(',]', ']')) },
  { reason: 'A byte in a header above 127 is the character of that number, in and out', level: (outcome) => changed(outcome, (headers) => headers.map(([name, value]) => [name, String(value).replaceAll(/[^\0-\x7f]+/g, '?')]), (text) => text.replaceAll(/[^\0-\x7f]+/g, '?')) },
  { reason: 'A header that was given several times is sent several times', matches: (exchange, nanos, workerd) => statusOf(nanos) === statusOf(workerd) && isRepeated(given(exchange).init?.headers) },
  { reason: FORMS, matches: (exchange, nanos) => statusOf(nanos) !== undefined && JSON.stringify(given(exchange).body ?? null).includes('"form"') },
];

/** Clients keep the first one of some. */
function isRepeated(headers: unknown): boolean {
  const names = Array.isArray(headers) ? headers.map(([name]: string[]) => String(name).toLowerCase()) : [];
  return names.length > new Set(names).size;
}

type Headers = readonly (readonly [string, unknown])[];

function changed(outcome: Outcome, headers: (given: Headers) => Headers, text: (given: string) => string): Outcome {
  return typeof outcome === 'string' ? outcome : { status: outcome.status, headers: headers(outcome.headers), text: text(outcome.text) };
}
