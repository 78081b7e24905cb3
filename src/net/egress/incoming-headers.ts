import { isHopByHop, namedByConnection } from './hop-by-hop.ts';

export interface IncomingHeaders {
  /** flat name, value, …; names lower-case, one byte a character; without hop-by-hop fields */
  readonly headers: string[];
  readonly contentEncoding: string;
  /** undefined: none; null: several that differ */
  readonly location: string | undefined | null;
}

/** Reads the raw fields of a response as they stood on the wire. */
export function incomingHeaders(raw: readonly (Uint8Array | string)[]): IncomingHeaders {
  const all: string[] = [];
  let named: Set<string> | undefined;
  let contentEncoding = '';
  let location: string | undefined | null;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i]).toLowerCase();
    const value = latin1(raw[i + 1]);
    all.push(name, value);
    if (name === 'connection') named = merge(named, namedByConnection(value));
    else if (name === 'content-encoding') contentEncoding = contentEncoding === '' ? value : `${contentEncoding},${value}`;
    else if (name === 'location') location = location === undefined || location === value ? value : null;
  }
  return { headers: endToEnd(all, named), contentEncoding, location };
}

/** The same headers without those of the given lower-case names. */
export function withoutHeaders(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!names.has(name)) out.push(name, headers[i + 1] ?? '');
  }
  return out;
}

function endToEnd(all: readonly string[], named: ReadonlySet<string> | undefined): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < all.length; i += 2) {
    const name = all[i] ?? '';
    if (!isHopByHop(name) && named?.has(name) !== true) out.push(name, all[i + 1] ?? '');
  }
  return out;
}

function merge(a: Set<string> | undefined, b: Set<string> | undefined): Set<string> | undefined {
  return a === undefined || b === undefined ? (a ?? b) : new Set([...a, ...b]);
}

function latin1(value: Uint8Array | string | undefined): string {
  if (typeof value === 'string' || value === undefined) return value ?? '';
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
}
