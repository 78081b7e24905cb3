/** https://url.spec.whatwg.org/#concept-basic-url-parser, of which most URLs never need the state machine. */
import { parseAnyUrl } from './parser/lazy/index.ts';
import { defaultPort, type UrlRecord } from './url-record.ts';

export { parseUrlPart } from './parser/lazy/index.ts';

/** Of the state machine. */
export type State =
  | 'scheme start'
  | 'scheme'
  | 'no scheme'
  | 'special relative or authority'
  | 'path or authority'
  | 'relative'
  | 'relative slash'
  | 'special authority slashes'
  | 'special authority ignore slashes'
  | 'authority'
  | 'host'
  | 'hostname'
  | 'port'
  | 'file'
  | 'file slash'
  | 'file host'
  | 'path start'
  | 'path'
  | 'opaque path'
  | 'query'
  | 'fragment';

/** Null on failure. */
export function parseUrl(input: string, base: UrlRecord | null = null): UrlRecord | null {
  return parsePlainUrl(input) ?? parseAnyUrl(input, base);
}

const plainUrl = /^(https?):\/\/([a-z0-9.-]*[a-z])(?::([1-9]\d{0,3}))?(\/[A-Za-z0-9\-._~!$&()*+,;=:@/%]*)?(\?[A-Za-z0-9\-._~!$&()*+,;=:@/?%[\]]*)?$/;

/** What most URLs look like: nothing in them that any state would change. The answer is the same as the state machine's. */
function parsePlainUrl(input: string): UrlRecord | null {
  const match = plainUrl.exec(input);
  if (match === null) return null;
  const [, scheme = '', host = '', portText, path = '/', query] = match;
  const port = portText === undefined || Number(portText) === defaultPort(scheme) ? null : Number(portText);
  if (host.includes('xn--') || path.includes('/.') || path.includes('/%2') || /(?:^|\.)0x[0-9a-f]*$/.test(host)) return null;
  return { scheme, username: '', password: '', host, port, path, hasOpaquePath: false, query: query?.slice(1) ?? null, fragment: null };
}
