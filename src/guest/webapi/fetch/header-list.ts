/**
 * https://fetch.spec.whatwg.org/#concept-header-list as a flat array: name, value, name, value, … with lower-case names. A flat array
 * crosses to the host as it is and costs no object for each header.
 */
import { isObject, iteratorMethod, sequenceFrom, toByteString, toSequence } from '../webidl.ts';
import { isHttpToken, trimHttpWhitespace } from './http-syntax.ts';

export type HeaderList = string[];

/** Throws a TypeError when it is not a header name, https://fetch.spec.whatwg.org/#header-name. */
export function toHeaderName(value: unknown): string {
  const name = typeof value === 'string' ? value : toByteString(value);
  if (!isHttpToken(name)) throw new TypeError(`Invalid header name ${quoted(toByteString(name))}`);
  return name.toLowerCase();
}

const plainValue = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/;

/** Normalised, https://fetch.spec.whatwg.org/#concept-header-value-normalize; throws a TypeError when it is not a header value. */
export function toHeaderValue(value: unknown): string {
  if (typeof value === 'string' && plainValue.test(value)) return value;
  const text = trimHttpWhitespace(toByteString(value));
  if (text.includes('\0') || text.includes('\n') || text.includes('\r')) throw new TypeError(`Invalid header value ${quoted(text)}`);
  return text;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** Position of `name` at or after `from`, or -1. */
export function findHeader(list: HeaderList, name: string, from = 0): number {
  for (let at = from; at < list.length; at += 2) if (list[at] === name) return at;
  return -1;
}

/** https://fetch.spec.whatwg.org/#concept-header-list-get */
export function getHeader(list: HeaderList, name: string): string | null {
  let at = findHeader(list, name);
  if (at < 0) return null;
  let combined = list[at + 1] as string;
  for (at = findHeader(list, name, at + 2); at >= 0; at = findHeader(list, name, at + 2)) combined += `, ${list[at + 1] as string}`;
  return combined;
}

/** Removes all of that name; with `value`, puts it in place of the first or at the end. Keeps the identity of `list`. */
export function replaceHeader(list: HeaderList, name: string, value?: string): void {
  let to = 0;
  let pending = value;
  for (let at = 0; at < list.length; at += 2) {
    const isNamed = list[at] === name;
    if (isNamed && pending === undefined) continue;
    list[to + 1] = isNamed ? (pending as string) : (list[at + 1] as string);
    list[to] = list[at] as string;
    to += 2;
    if (isNamed) pending = undefined;
  }
  list.length = to;
  if (pending !== undefined) list.push(name, pending);
}

/** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine */
export function sortAndCombine(list: HeaderList): HeaderList {
  const values = new Map<string, string[]>();
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at] as string;
    const known = values.get(name);
    if (known === undefined) values.set(name, [list[at + 1] as string]);
    else known.push(list[at + 1] as string);
  }
  const sorted: HeaderList = [];
  for (const name of [...values.keys()].toSorted()) {
    const named = values.get(name) as string[];
    if (name !== 'set-cookie') sorted.push(name, named.join(', '));
    else for (const value of named) sorted.push(name, value);
  }
  return sorted;
}

/** A HeadersInit as Web IDL converts it: name, value, name, value, …, none of them checked. */
export interface HeadersInit {
  readonly flat: string[];
  /** False when an inner sequence is not a name and a value. */
  readonly isPairs: boolean;
}

export function toHeadersInit(init: unknown): HeadersInit {
  if (!isObject(init)) throw new TypeError('Headers init is neither a sequence of pairs nor a record');
  const method = iteratorMethod(init);
  if (method === undefined) return { flat: flattenRecord(init), isPairs: true };
  const pairs = sequenceFrom(init, method, (item) => toSequence(item, toByteString));
  return { flat: pairs.flat(), isPairs: pairs.every((pair) => pair.length === 2) };
}

/** Pairs are converted one by one, so that a Proxy sees what Web IDL's record conversion does. */
function flattenRecord(init: object): string[] {
  const flat: string[] = [];
  for (const key of Reflect.ownKeys(init)) {
    if (!Object.prototype.propertyIsEnumerable.call(init, key)) continue;
    flat.push(toByteString(key), toByteString((init as Record<PropertyKey, unknown>)[key]));
  }
  return flat;
}

/** https://fetch.spec.whatwg.org/#concept-headers-fill of an empty list, which takes over `flat`. */
export function fillHeaders({ flat, isPairs }: HeadersInit): HeaderList {
  if (!isPairs) throw new TypeError('A header in a sequence is not a pair of name and value');
  for (let at = 0; at < flat.length; at += 2) {
    flat[at] = toHeaderName(flat[at]);
    flat[at + 1] = toHeaderValue(flat[at + 1]);
  }
  return flat;
}
