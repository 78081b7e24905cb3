/** https://url.spec.whatwg.org/#interface-urlsearchparams */
import { isObject, iteratorMethod, requireArguments, sequenceFrom, toRecord, toSequence, toUSVString } from '../webidl.ts';
import { makePairIterable, type PairIterable } from '../pair-iterable.ts';
import { parseUrlencoded, serializeUrlencoded } from './urlencoded.ts';

/** Params that write every change to `update`, as those of a URL do. */
export let boundSearchParams: (query: string, update: (query: string) => void) => URLSearchParams;
/** Replaces the list without telling anybody. */
export let resetSearchParams: (params: URLSearchParams, query: string) => void;

export class URLSearchParams {
  declare readonly entries: PairIterable<string>['entries'];
  declare readonly keys: PairIterable<string>['keys'];
  declare readonly values: PairIterable<string>['values'];
  declare readonly forEach: PairIterable<string>['forEach'];
  declare readonly [Symbol.iterator]: PairIterable<string>['entries'];
  #list: string[];
  #update: ((query: string) => void) | undefined;

  constructor(init: unknown = '') {
    this.#list = isObject(init) ? listFrom(init) : parseUrlencoded(withoutQuestionMark(toUSVString(init)));
  }

  get size(): number {
    return this.#list.length / 2;
  }

  append(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'URLSearchParams.append');
    this.#list.push(toUSVString(name), toUSVString(value));
    this.#changed();
  }

  delete(name: unknown, value: unknown = undefined): void {
    requireArguments(arguments.length, 1, 'URLSearchParams.delete');
    const matches = matcher(name, value);
    this.#list = this.#list.filter((_, at, list) => !matches(list, at - (at % 2)));
    this.#changed();
  }

  get(name: unknown): string | null {
    requireArguments(arguments.length, 1, 'URLSearchParams.get');
    return this.#values(toUSVString(name))[0] ?? null;
  }

  getAll(name: unknown): string[] {
    requireArguments(arguments.length, 1, 'URLSearchParams.getAll');
    return this.#values(toUSVString(name));
  }

  #values(name: string): string[] {
    return this.#list.filter((_, at, list) => at % 2 === 1 && list[at - 1] === name);
  }

  has(name: unknown, value: unknown = undefined): boolean {
    requireArguments(arguments.length, 1, 'URLSearchParams.has');
    const matches = matcher(name, value);
    return this.#list.some((_, at, list) => at % 2 === 0 && matches(list, at));
  }

  set(name: unknown, value: unknown): void {
    requireArguments(arguments.length, 2, 'URLSearchParams.set');
    const key = toUSVString(name);
    const text = toUSVString(value);
    const first = this.#list.findIndex((item, at) => at % 2 === 0 && item === key);
    if (first < 0) this.#list.push(key, text);
    else {
      this.#list = this.#list.filter((_, at, list) => at <= first + 1 || list[at - (at % 2)] !== key);
      this.#list[first + 1] = text;
    }
    this.#changed();
  }

  /** By name, in code units; pairs of one name keep their order. */
  sort(): void {
    const pairs = Array.from({ length: this.size }, (_, index) => [this.#list[2 * index]!, this.#list[2 * index + 1]!] as const);
    pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#list = pairs.flat();
    this.#changed();
  }

  toString(): string {
    return serializeUrlencoded(this.#list);
  }

  #changed(): void {
    this.#update?.(serializeUrlencoded(this.#list));
  }

  static {
    boundSearchParams = (query, update) => {
      const params = new URLSearchParams();
      params.#list = parseUrlencoded(query);
      params.#update = update;
      return params;
    };
    resetSearchParams = (params, query) => {
      params.#list = parseUrlencoded(query);
    };
    makePairIterable('URLSearchParams', this.prototype, (self) => (self as URLSearchParams).#list);
  }
}

function withoutQuestionMark(text: string): string {
  return text.startsWith('?') ? text.slice(1) : text;
}

/** From a sequence of pairs, or a record */
function listFrom(init: object): string[] {
  const method = iteratorMethod(init);
  if (method === undefined) return [...toRecord(init, toUSVString, toUSVString)].flat();
  return sequenceFrom(init, method, toPair).flat();
}

function toPair(value: unknown): string[] {
  const pair = toSequence(value, toUSVString);
  if (pair.length !== 2) throw new TypeError('URLSearchParams constructor: each pair must have two items, a name and a value');
  return pair;
}

type Matcher = (list: readonly string[], at: number) => boolean;

/** Of a name at an index of the flat list, and its value when one is given */
function matcher(name: unknown, value: unknown): Matcher {
  const key = toUSVString(name);
  const text = value === undefined ? undefined : toUSVString(value);
  return (list, at) => list[at] === key && (text === undefined || list[at + 1] === text);
}
