/** https://url.spec.whatwg.org/#concept-url */
export interface UrlRecord {
  /** Without the colon */
  scheme: string;
  username: string;
  password: string;
  /** Serialised; '' is the empty host, null is none. */
  host: string | null;
  /** Null for none or the scheme's default */
  port: number | null;
  /** Serialised: '' is a path without segments, else each segment follows a '/'. An opaque path is the text itself. */
  path: string;
  hasOpaquePath: boolean;
  /** Without '?' */
  query: string | null;
  /** Without '#' */
  fragment: string | null;
}

const defaultPorts: Readonly<Record<string, number | null>> = { http: 80, https: 443, ws: 80, wss: 443, ftp: 21, file: null };

export function isSpecialScheme(scheme: string): boolean {
  return Object.hasOwn(defaultPorts, scheme);
}

/** Undefined for a scheme that is not special, null for "file" */
export function defaultPort(scheme: string): number | null | undefined {
  return Object.hasOwn(defaultPorts, scheme) ? defaultPorts[scheme] : undefined;
}

/** https://url.spec.whatwg.org/#concept-url-serializer */
export function serializeUrl(url: UrlRecord, withoutFragment = false): string {
  let text = `${url.scheme}:`;
  if (url.host !== null) text += `//${serializeCredentials(url)}${serializeHostPort(url)}`;
  else if (!url.hasOpaquePath && url.path.startsWith('//')) text += '/.';
  text += url.path;
  if (url.query !== null) text += `?${url.query}`;
  if (!withoutFragment && url.fragment !== null) text += `#${url.fragment}`;
  return text;
}

function serializeCredentials({ username, password }: UrlRecord): string {
  if (username === '' && password === '') return '';
  return password === '' ? `${username}@` : `${username}:${password}@`;
}

export function serializeHostPort({ host, port }: UrlRecord): string {
  return port === null ? (host ?? '') : `${host ?? ''}:${port}`;
}

/** https://url.spec.whatwg.org/#concept-url-origin, serialised */
export function serializeOrigin(url: UrlRecord, parse: (text: string) => UrlRecord | null): string {
  if (url.scheme === 'blob') {
    const inner = url.hasOpaquePath ? parse(url.path) : null;
    return inner !== null && /^https?$/.test(inner.scheme) ? serializeOrigin(inner, parse) : 'null';
  }
  if (url.scheme === 'file' || !isSpecialScheme(url.scheme)) return 'null';
  return `${url.scheme}://${serializeHostPort(url)}`;
}
