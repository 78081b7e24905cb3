import { isHopByHop } from './hop-by-hop.ts';

/** Names, values and separators of one outgoing request. */
const HEADER_BYTES_MAX = 128 * 1024;

/** What the host derives from the URL and the body, besides the hop-by-hop fields; a tenant's own value would let it forge a second request. */
const SET_BY_HOST: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'proxy-authorization']);

/**
 * A tenant's request headers as they are sent: flat name, value, …; those that frame the message left out,
 * `accept-encoding` added when the tenant has none. Names are lower-cased. Throws a TypeError past 128 KiB.
 */
export function outgoingHeaders(headers: readonly string[]): string[] {
  const out: string[] = [];
  let bytes = 0;
  let acceptsEncoding = false;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    const value = headers[i + 1] ?? '';
    if (isHopByHop(name) || SET_BY_HOST.has(name)) continue;
    bytes += name.length + value.length + 4;
    if (bytes > HEADER_BYTES_MAX) throw new TypeError(`Request headers are longer than ${HEADER_BYTES_MAX} bytes`);
    if (name === 'accept-encoding') acceptsEncoding = true;
    out.push(name, value);
  }
  if (!acceptsEncoding) out.push('accept-encoding', 'gzip, br');
  return out;
}
