/** https://fetch.spec.whatwg.org/#headers-class. There are no forbidden headers here, so the only guard is "immutable". */
import { requireArguments } from '../webidl.ts';
import type { PairIterable } from '../xhr/index.ts';
import { makePairIterable } from '../xhr/index.ts';
import type { HeaderList } from './header-list.ts';
import { fillHeaders, findHeader, getHeader, replaceHeader, sortAndCombine, toHeaderName, toHeadersInit, toHeaderValue } from './header-list.ts';

/** Headers that read and change `list` itself. `list` must not be changed by others any more. */
export let headersOver: (list: HeaderList, immutable: boolean) => Headers;

export class Headers {
  #list: HeaderList = [];
  #immutable = false;
  #sorted: HeaderList | undefined;

  declare readonly entries: PairIterable<string>['entries'];
  declare readonly keys: PairIterable<string>['keys'];
  declare readonly values: PairIterable<string>['values'];
  declare readonly forEach: PairIterable<string>['forEach'];
  declare readonly [Symbol.iterator]: PairIterable<string>[typeof Symbol.iterator];

  constructor(init: unknown = undefined) {
    if (init !== undefined) this.#list = fillHeaders(toHeadersInit(init));
  }

  append(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'Headers.append');
    const headerName = toHeaderName(name);
    const headerValue = toHeaderValue(value);
    this.#writable().push(headerName, headerValue);
  }

  delete(name: unknown): void {
    requireArguments(arguments.length, 1, 'Headers.delete');
    const headerName = toHeaderName(name);
    replaceHeader(this.#writable(), headerName);
  }

  get(name: unknown): string | null {
    requireArguments(arguments.length, 1, 'Headers.get');
    return getHeader(this.#list, toHeaderName(name));
  }

  getSetCookie(): string[] {
    const cookies: string[] = [];
    const list = this.#list;
    for (let at = findHeader(list, 'set-cookie'); at >= 0; at = findHeader(list, 'set-cookie', at + 2)) cookies.push(list[at + 1] as string);
    return cookies;
  }

  has(name: unknown): boolean {
    requireArguments(arguments.length, 1, 'Headers.has');
    return findHeader(this.#list, toHeaderName(name)) >= 0;
  }

  set(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'Headers.set');
    const headerName = toHeaderName(name);
    const headerValue = toHeaderValue(value);
    replaceHeader(this.#writable(), headerName, headerValue);
  }

  #writable(): HeaderList {
    if (this.#immutable) throw new TypeError('Headers are immutable');
    this.#sorted = undefined;
    return this.#list;
  }

  static {
    headersOver = (list, immutable) => {
      const headers = new Headers();
      headers.#list = list;
      headers.#immutable = immutable;
      return headers;
    };
    makePairIterable('Headers', this.prototype, (self) => {
      const headers = self as Headers;
      return (headers.#sorted ??= sortAndCombine(headers.#list));
    });
  }
}
