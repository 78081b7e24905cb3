/** https://url.spec.whatwg.org/#concept-basic-url-parser. Positions are UTF-16 code units; '' stands for the EOF code point. */
import { parseHost } from './host.ts';
import { c0ControlSet, fragmentSet, pathSet, percentEncode, querySet, specialQuerySet, userinfoSet } from '../../percent-encode.ts';
import type { State } from '../../url-parser.ts';
import { defaultPort, isSpecialScheme, type UrlRecord } from '../../url-record.ts';

/** What a state says about the parse: undefined goes on. */
type Verdict = 'failure' | 'done' | undefined;

/** Null on failure. */
export function parseAnyUrl(input: string, base: UrlRecord | null): UrlRecord | null {
  const url: UrlRecord = { scheme: '', username: '', password: '', host: null, port: null, path: '', hasOpaquePath: false, query: null, fragment: null };
  const trimmed = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '');
  return new UrlParser(trimmed, base, url, undefined).run('scheme start') ? url : null;
}

/** Parses `input` for a setter, starting (and ending) at `override`. False on failure; `url` may be changed even then, as in the standard. */
export function parseUrlPart(input: string, url: UrlRecord, override: State): boolean {
  return new UrlParser(input, null, url, override).run(override);
}

class UrlParser {
  readonly #input: string;
  readonly #base: UrlRecord | null;
  readonly #url: UrlRecord;
  readonly #override: State | undefined;
  #segments: string[];
  #state: State = 'scheme start';
  #at = 0;
  #buffer = '';
  #atSignSeen = false;
  #insideBrackets = false;
  #passwordTokenSeen = false;

  constructor(input: string, base: UrlRecord | null, url: UrlRecord, override: State | undefined) {
    this.#input = /[\t\n\r]/.test(input) ? input.replace(/[\t\n\r]+/g, '') : input;
    this.#base = base;
    this.#url = url;
    this.#override = override;
    this.#segments = segmentsOf(url);
  }

  run(start: State): boolean {
    this.#state = start;
    for (;; this.#at++) {
      const verdict = this.#step(this.#input.charAt(this.#at));
      if (verdict === 'failure') return false;
      if (verdict === 'done' || this.#at >= this.#input.length) break;
    }
    if (!this.#url.hasOpaquePath) this.#url.path = this.#segments.map((segment) => `/${segment}`).join('');
    return true;
  }

  #step(c: string): Verdict {
    switch (this.#state) {
      case 'scheme start':
        return this.#schemeStart(c);
      case 'scheme':
        return this.#scheme(c);
      case 'no scheme':
        return this.#noScheme(c);
      case 'special relative or authority':
        return this.#specialRelativeOrAuthority(c);
      case 'path or authority':
        return this.#go(c === '/' ? 'authority' : 'path', c === '/' ? 0 : -1);
      case 'relative':
        return this.#relative(c);
      case 'relative slash':
        return this.#relativeSlash(c);
      case 'special authority slashes':
        if (c === '/' && this.#remainingStartsWith('/')) return this.#go('special authority ignore slashes', 1);
        return this.#go('special authority ignore slashes', -1);
      case 'special authority ignore slashes':
        return c === '/' || c === '\\' ? undefined : this.#go('authority', -1);
      case 'authority':
        return this.#authority(c);
      case 'host':
      case 'hostname':
        return this.#host(c);
      case 'port':
        return this.#port(c);
      case 'file':
        return this.#file(c);
      case 'file slash':
        return this.#fileSlash(c);
      case 'file host':
        return this.#fileHost(c);
      case 'path start':
        return this.#pathStart(c);
      case 'path':
        return this.#path(c);
      case 'opaque path':
        return this.#opaquePath(c);
      case 'query':
        return this.#query(c);
      case 'fragment':
        this.#url.fragment = (this.#url.fragment ?? '') + percentEncode(this.#input.slice(this.#at), fragmentSet);
        this.#at = this.#input.length;
        return undefined;
    }
  }

  /** Switches state; `move` is added to the pointer. */
  #go(state: State, move = 0): undefined {
    this.#state = state;
    this.#at += move;
  }

  #remainingStartsWith(text: string): boolean {
    return this.#input.startsWith(text, this.#at + 1);
  }

  get #isSpecial(): boolean {
    return isSpecialScheme(this.#url.scheme);
  }

  #isSlash(c: string): boolean {
    return c === '/' || (c === '\\' && this.#isSpecial);
  }

  #endsAuthority(c: string): boolean {
    return c === '' || c === '?' || c === '#' || this.#isSlash(c);
  }

  /** Takes the rest up to what matches `stop`. */
  #takeUntil(stop: RegExp): string {
    stop.lastIndex = this.#at;
    const end = stop.exec(this.#input)?.index ?? this.#input.length;
    const run = this.#input.slice(this.#at, end);
    this.#at = end - 1;
    return run;
  }

  #schemeStart(c: string): Verdict {
    if (/[A-Za-z]/.test(c)) {
      this.#buffer += c.toLowerCase();
      return this.#go('scheme');
    }
    return this.#override === undefined ? this.#go('no scheme', -1) : 'failure';
  }

  #scheme(c: string): Verdict {
    if (/[A-Za-z0-9+.-]/.test(c)) {
      this.#buffer += c.toLowerCase();
      return undefined;
    }
    if (c === ':') return this.#override === undefined ? this.#afterScheme() : this.#overrideScheme();
    if (this.#override !== undefined) return 'failure';
    this.#buffer = '';
    this.#at = -1;
    return this.#go('no scheme');
  }

  #overrideScheme(): Verdict {
    const url = this.#url;
    const scheme = this.#buffer;
    const isSameKind = isSpecialScheme(scheme) === this.#isSpecial;
    const hasMore = url.username !== '' || url.password !== '' || url.port !== null;
    if (!isSameKind || (hasMore && scheme === 'file') || (url.scheme === 'file' && url.host === '')) return 'done';
    url.scheme = scheme;
    if (url.port === defaultPort(scheme)) url.port = null;
    return 'done';
  }

  #afterScheme(): Verdict {
    this.#url.scheme = this.#buffer;
    this.#buffer = '';
    if (this.#url.scheme === 'file') return this.#go('file');
    if (this.#isSpecial) return this.#go(this.#base?.scheme === this.#url.scheme ? 'special relative or authority' : 'special authority slashes');
    if (this.#remainingStartsWith('/')) return this.#go('path or authority', 1);
    this.#url.hasOpaquePath = true;
    return this.#go('opaque path');
  }

  #noScheme(c: string): Verdict {
    const base = this.#base;
    if (base === null || (base.hasOpaquePath && c !== '#')) return 'failure';
    if (!base.hasOpaquePath) return this.#go(base.scheme === 'file' ? 'file' : 'relative', -1);
    Object.assign(this.#url, { scheme: base.scheme, path: base.path, hasOpaquePath: true, query: base.query, fragment: '' });
    return this.#go('fragment');
  }

  #specialRelativeOrAuthority(c: string): Verdict {
    if (c === '/' && this.#remainingStartsWith('/')) return this.#go('special authority ignore slashes', 1);
    return this.#go('relative', -1);
  }

  #takeBaseAuthority(base: UrlRecord): void {
    const { username, password, host, port } = base;
    Object.assign(this.#url, { username, password, host, port });
  }

  #relative(c: string): Verdict {
    const base = this.#base as UrlRecord;
    this.#url.scheme = base.scheme;
    if (this.#isSlash(c)) return this.#go('relative slash');
    this.#takeBaseAuthority(base);
    return this.#relativeRest(c, base, () => this.#shorten());
  }

  /** What "relative" and "file" do alike with the base's path and query. */
  #relativeRest(c: string, base: UrlRecord, leave: () => void): Verdict {
    this.#segments = segmentsOf(base);
    this.#url.query = base.query;
    if (c === '?' || c === '#') return this.#goQueryOrFragment(c);
    if (c === '') return undefined;
    this.#url.query = null;
    leave();
    return this.#go('path', -1);
  }

  #goQueryOrFragment(c: string): undefined {
    if (c === '?') this.#url.query = '';
    else this.#url.fragment = '';
    return this.#go(c === '?' ? 'query' : 'fragment');
  }

  #relativeSlash(c: string): Verdict {
    if (this.#isSpecial && this.#isSlash(c)) return this.#go('special authority ignore slashes');
    if (c === '/') return this.#go('authority');
    this.#takeBaseAuthority(this.#base as UrlRecord);
    return this.#go('path', -1);
  }

  #authority(c: string): Verdict {
    if (c === '@') {
      this.#takeCredentials(this.#atSignSeen ? `%40${this.#buffer}` : this.#buffer);
      this.#atSignSeen = true;
      this.#buffer = '';
    } else if (this.#endsAuthority(c)) {
      if (this.#atSignSeen && this.#buffer === '') return 'failure';
      const back = this.#buffer.length + 1;
      this.#buffer = '';
      return this.#go('host', -back);
    } else this.#buffer += this.#takeUntil(/[@/\\?#]|$/g) || this.#takeOne(c);
    return undefined;
  }

  /** A delimiter that delimits nothing here ("\" in a URL that is not special). */
  #takeOne(c: string): string {
    this.#at++;
    return c;
  }

  #takeCredentials(text: string): void {
    const colon = this.#passwordTokenSeen ? 0 : text.indexOf(':');
    const nameEnd = this.#passwordTokenSeen ? 0 : colon < 0 ? text.length : colon;
    this.#url.username += percentEncode(text.slice(0, nameEnd), userinfoSet);
    if (colon < 0) return;
    this.#url.password += percentEncode(text.slice(this.#passwordTokenSeen ? 0 : colon + 1), userinfoSet);
    this.#passwordTokenSeen = true;
  }

  #host(c: string): Verdict {
    if (this.#override !== undefined && this.#url.scheme === 'file') return this.#go('file host', -1);
    if (c === ':' && !this.#insideBrackets) {
      if (this.#buffer === '' || this.#override === 'hostname') return 'failure';
      return this.#takeHost() ? this.#go('port') : 'failure';
    }
    if (this.#endsAuthority(c)) return this.#endOfHost();
    if (c === '[') this.#insideBrackets = true;
    if (c === ']') this.#insideBrackets = false;
    this.#buffer += c;
    return undefined;
  }

  #endOfHost(): Verdict {
    const { username, password, port } = this.#url;
    const isEmpty = this.#buffer === '';
    this.#at--;
    if (isEmpty && this.#isSpecial) return 'failure';
    if (isEmpty && this.#override !== undefined && (username !== '' || password !== '' || port !== null)) return 'failure';
    if (!this.#takeHost()) return 'failure';
    if (this.#override !== undefined) return 'done';
    return this.#go('path start');
  }

  #takeHost(): boolean {
    const host = parseHost(this.#buffer, !this.#isSpecial);
    if (host === null) return false;
    this.#url.host = host;
    this.#buffer = '';
    return true;
  }

  #port(c: string): Verdict {
    if (/[0-9]/.test(c)) {
      this.#buffer += c;
      return undefined;
    }
    if (!this.#endsAuthority(c) && this.#override === undefined) return 'failure';
    if (this.#buffer !== '') {
      const port = Number(this.#buffer);
      if (port > 65_535) return 'failure';
      this.#url.port = port === defaultPort(this.#url.scheme) ? null : port;
      this.#buffer = '';
      if (this.#override !== undefined) return 'done';
    }
    return this.#override === undefined ? this.#go('path start', -1) : 'failure';
  }

  #file(c: string): Verdict {
    this.#url.scheme = 'file';
    this.#url.host = '';
    if (c === '/' || c === '\\') return this.#go('file slash');
    const base = this.#base;
    if (base?.scheme !== 'file') return this.#go('path', -1);
    this.#url.host = base.host;
    return this.#relativeRest(c, base, () => {
      if (startsWithDriveLetter(this.#input, this.#at)) this.#segments = [];
      else this.#shorten();
    });
  }

  #fileSlash(c: string): Verdict {
    if (c === '/' || c === '\\') return this.#go('file host');
    const base = this.#base;
    if (base?.scheme === 'file') {
      this.#url.host = base.host;
      const [first] = segmentsOf(base);
      if (first !== undefined && isNormalizedDriveLetter(first) && !startsWithDriveLetter(this.#input, this.#at)) this.#segments.push(first);
    }
    return this.#go('path', -1);
  }

  #fileHost(c: string): Verdict {
    if (!(c === '' || /[/\\?#]/.test(c))) {
      this.#buffer += c;
      return undefined;
    }
    this.#at--;
    if (this.#override === undefined && isDriveLetter(this.#buffer)) return this.#go('path');
    if (this.#buffer === '') this.#url.host = '';
    else if (!this.#takeHost()) return 'failure';
    if (this.#url.host === 'localhost') this.#url.host = '';
    return this.#override === undefined ? this.#go('path start') : 'done';
  }

  #pathStart(c: string): Verdict {
    const atSlash = this.#isSlash(c);
    if (this.#isSpecial) return this.#go('path', atSlash ? 0 : -1);
    if (this.#override === undefined && (c === '?' || c === '#')) return this.#goQueryOrFragment(c);
    if (c !== '') return this.#go('path', atSlash ? 0 : -1);
    if (this.#override !== undefined && this.#url.host === null) this.#segments.push('');
    return undefined;
  }

  #path(c: string): Verdict {
    const atSlash = this.#isSlash(c);
    const ends = this.#override === undefined && (c === '?' || c === '#');
    if (c !== '' && !atSlash && !ends) {
      this.#buffer += percentEncode(this.#takeUntil(/[/\\?#]|$/g) || this.#takeOne(c), pathSet);
      return undefined;
    }
    this.#endSegment(this.#buffer, atSlash);
    this.#buffer = '';
    return ends ? this.#goQueryOrFragment(c) : undefined;
  }

  #endSegment(segment: string, atSlash: boolean): void {
    const dots = dotSegment(segment);
    if (dots === 2) this.#shorten();
    if (dots === 0) {
      const isDrive = this.#url.scheme === 'file' && this.#segments.length === 0 && isDriveLetter(segment);
      this.#segments.push(isDrive ? `${segment.charAt(0)}:` : segment);
    } else if (!atSlash) this.#segments.push('');
  }

  /** https://url.spec.whatwg.org/#shorten-a-urls-path */
  #shorten(): void {
    const [first = ''] = this.#segments;
    if (this.#url.scheme === 'file' && this.#segments.length === 1 && isNormalizedDriveLetter(first)) return;
    this.#segments.pop();
  }

  #opaquePath(c: string): Verdict {
    if (c === '?' || c === '#') return this.#goQueryOrFragment(c);
    if (c === '') return undefined;
    const run = this.#takeUntil(/[?#]|$/g);
    const isLast = this.#at + 1 >= this.#input.length;
    this.#url.path += percentEncode(run, c0ControlSet).replace(/ $/, isLast ? ' ' : '%20');
    return undefined;
  }

  #query(c: string): Verdict {
    if (c === '#' && this.#override === undefined) return this.#goQueryOrFragment(c);
    if (c === '') return undefined;
    const run = this.#takeUntil(this.#override === undefined ? /#|$/g : /$/g);
    this.#url.query = (this.#url.query ?? '') + percentEncode(run, this.#isSpecial ? specialQuerySet : querySet);
    return undefined;
  }
}

function segmentsOf(url: UrlRecord): string[] {
  return url.hasOpaquePath || url.path === '' ? [] : url.path.slice(1).split('/');
}

/** 1 for a single-dot path segment, 2 for a double-dot one, else 0 */
function dotSegment(segment: string): 0 | 1 | 2 {
  if (segment.length > 6) return 0;
  const dots = segment.replace(/%2e/gi, '.');
  return dots === '.' ? 1 : dots === '..' ? 2 : 0;
}

function isDriveLetter(text: string): boolean {
  return /^[A-Za-z][:|]$/.test(text);
}

function isNormalizedDriveLetter(text: string): boolean {
  return /^[A-Za-z]:$/.test(text);
}

/** https://url.spec.whatwg.org/#start-with-a-windows-drive-letter */
function startsWithDriveLetter(input: string, at: number): boolean {
  return /^[A-Za-z][:|](?:[/\\?#]|$)/.test(input.slice(at, at + 3));
}
