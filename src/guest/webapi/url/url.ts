/** https://url.spec.whatwg.org/#url-class */
import { requireArguments, toUSVString } from '../webidl.ts';
import { percentEncode, userinfoSet } from './percent-encode.ts';
import { parseUrl, parseUrlPart } from './url-parser.ts';
import { serializeHostPort, serializeOrigin, serializeUrl, type UrlRecord } from './url-record.ts';
import { boundSearchParams, resetSearchParams, type URLSearchParams } from './url-search-params.ts';

export class URL {
  #url: UrlRecord;
  #searchParams: URLSearchParams | undefined;

  constructor(url: unknown, base: unknown = undefined) {
    requireArguments(arguments.length, 1, 'URL constructor');
    const record = parseApiUrl(url, base);
    if (record === null) throw new TypeError(`Invalid URL: ${toUSVString(url).slice(0, 1000)}`);
    this.#url = record;
  }

  static parse(url: unknown, base: unknown = undefined): URL | null {
    requireArguments(arguments.length, 1, 'URL.parse');
    const record = parseApiUrl(url, base);
    if (record === null) return null;
    const parsed = new URL('http://a/');
    parsed.#url = record;
    return parsed;
  }

  static canParse(url: unknown, base: unknown = undefined): boolean {
    requireArguments(arguments.length, 1, 'URL.canParse');
    return parseApiUrl(url, base) !== null;
  }

  get href(): string {
    return serializeUrl(this.#url);
  }

  set href(value: unknown) {
    const text = toUSVString(value);
    const record = parseUrl(text);
    if (record === null) throw new TypeError(`Invalid URL: ${text.slice(0, 1000)}`);
    this.#url = record;
    this.#resetSearchParams();
  }

  get origin(): string {
    return serializeOrigin(this.#url, parseUrl);
  }

  get protocol(): string {
    return `${this.#url.scheme}:`;
  }

  set protocol(value: unknown) {
    parseUrlPart(`${toUSVString(value)}:`, this.#url, 'scheme start');
  }

  get username(): string {
    return this.#url.username;
  }

  set username(value: unknown) {
    const text = toUSVString(value);
    if (canHaveCredentials(this.#url)) this.#url.username = percentEncode(text, userinfoSet);
  }

  get password(): string {
    return this.#url.password;
  }

  set password(value: unknown) {
    const text = toUSVString(value);
    if (canHaveCredentials(this.#url)) this.#url.password = percentEncode(text, userinfoSet);
  }

  get host(): string {
    return serializeHostPort(this.#url);
  }

  set host(value: unknown) {
    const text = toUSVString(value);
    if (!this.#url.hasOpaquePath) parseUrlPart(text, this.#url, 'host');
  }

  get hostname(): string {
    return this.#url.host ?? '';
  }

  set hostname(value: unknown) {
    const text = toUSVString(value);
    if (!this.#url.hasOpaquePath) parseUrlPart(text, this.#url, 'hostname');
  }

  get port(): string {
    return this.#url.port === null ? '' : `${this.#url.port}`;
  }

  set port(value: unknown) {
    const text = toUSVString(value);
    if (!canHaveCredentials(this.#url)) return;
    if (text === '') this.#url.port = null;
    else parseUrlPart(text, this.#url, 'port');
  }

  get pathname(): string {
    return this.#url.path;
  }

  set pathname(value: unknown) {
    const text = toUSVString(value);
    if (this.#url.hasOpaquePath) return;
    this.#url.path = '';
    parseUrlPart(text, this.#url, 'path start');
  }

  get search(): string {
    const { query } = this.#url;
    return query === null || query === '' ? '' : `?${query}`;
  }

  set search(value: unknown) {
    const text = toUSVString(value);
    if (text === '') this.#url.query = null;
    else {
      this.#url.query = '';
      parseUrlPart(text.startsWith('?') ? text.slice(1) : text, this.#url, 'query');
    }
    this.#resetSearchParams();
  }

  get searchParams(): URLSearchParams {
    this.#searchParams ??= boundSearchParams(this.#url.query ?? '', (query) => {
      this.#url.query = query === '' ? null : query;
    });
    return this.#searchParams;
  }

  get hash(): string {
    const { fragment } = this.#url;
    return fragment === null || fragment === '' ? '' : `#${fragment}`;
  }

  set hash(value: unknown) {
    const text = toUSVString(value);
    if (text === '') {
      this.#url.fragment = null;
      return;
    }
    this.#url.fragment = '';
    parseUrlPart(text.startsWith('#') ? text.slice(1) : text, this.#url, 'fragment');
  }

  toJSON(): string {
    return serializeUrl(this.#url);
  }

  toString(): string {
    return serializeUrl(this.#url);
  }

  #resetSearchParams(): void {
    if (this.#searchParams !== undefined) resetSearchParams(this.#searchParams, this.#url.query ?? '');
  }
}

/** https://url.spec.whatwg.org/#api-url-parser */
function parseApiUrl(url: unknown, base: unknown): UrlRecord | null {
  const text = toUSVString(url);
  if (base === undefined) return parseUrl(text);
  const baseRecord = parseUrl(toUSVString(base));
  return baseRecord === null ? null : parseUrl(text, baseRecord);
}

/** The negation of https://url.spec.whatwg.org/#cannot-have-a-username-password-port */
function canHaveCredentials({ host, scheme }: UrlRecord): boolean {
  return host !== null && host !== '' && scheme !== 'file';
}
