/** A text for any value, for logs. Calls no getter that a tenant defined, but an error's `stack`; its length is bounded. */
import { isInterfacePrototype } from '../../webidl.ts';

export const inspectLengthMax = 16_384;
const depthMax = 4;
const itemsMax = 100;
/** elements of arrays whose other properties are looked for */
const keysMax = 1_000;
const lineLengthMax = 72;

export interface InspectOptions {
  /** How many levels of nested objects are shown */
  depth?: number;
}

/** Returns at most {@link inspectLengthMax} UTF-16 code units. Does not throw. */
export function inspect(value: unknown, { depth = depthMax }: InspectOptions = {}): string {
  const text = new Inspector(depth).any(value, 0);
  return text.length > inspectLengthMax ? `${text.slice(0, inspectLengthMax - 1)}…` : text;
}

type Entry = readonly [key: unknown, value: unknown];

class Inspector {
  readonly #depthMax: number;
  readonly #path: object[] = [];
  #lengthLeft = inspectLengthMax;

  constructor(depth: number) {
    this.#depthMax = depth;
  }

  any(value: unknown, depth: number): string {
    if (this.#lengthLeft <= 0) return '…';
    const text = isReference(value) ? this.#reference(value, depth) : primitive(value, this.#lengthLeft);
    this.#lengthLeft -= isReference(value) ? 2 : text.length + 2;
    return text;
  }

  #reference(value: object, depth: number): string {
    if (this.#path.includes(value)) return '[Circular]';
    this.#path.push(value);
    try {
      return this.#object(value, depth);
    } catch {
      return '[Object that can not be inspected]';
    } finally {
      this.#path.pop();
    }
  }

  #object(value: object, depth: number): string {
    if (isError(value)) return this.#error(value, depth);
    const name = constructorName(value);
    if (typeof value === 'function') return this.#function(value, depth);
    const boxed = boxedText(value);
    if (boxed !== undefined) return boxed;
    if (depth > this.#depthMax) return `[${name}]`;
    if (Array.isArray(value)) return this.#array(value, name, depth);
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return this.#typedArray(value as Uint8Array, name, depth);
    return this.#keyed(value, name, depth);
  }

  #keyed(value: object, name: string, depth: number): string {
    const map = mapEntries(value);
    if (map !== undefined) {
      const items = this.#limited(map.entries, map.size, ([key, item]) => `${this.any(key, depth + 1)} => ${this.any(item, depth + 1)}`);
      return wrap(`${name}(${map.size}) `, '{', [...items, ...this.#properties(value, depth)], '}');
    }
    const set = setItems(value);
    if (set !== undefined) {
      const items = this.#limited(set.items, set.size, (item) => this.any(item, depth + 1));
      return wrap(`${name}(${set.size}) `, '{', [...items, ...this.#properties(value, depth)], '}');
    }
    const prefix = name === 'Object' ? '' : `${name} `;
    return wrap(prefix, '{', [...this.#interfaceMembers(value, depth), ...this.#properties(value, depth)], '}');
  }

  #array(value: readonly unknown[], name: string, depth: number): string {
    const items: string[] = [];
    const shown = Math.min(value.length, itemsMax);
    for (let index = 0; index < shown && this.#lengthLeft > 0; index++) {
      const descriptor = Object.getOwnPropertyDescriptor(value, index);
      items.push(descriptor === undefined ? '<empty>' : this.#described(descriptor, depth));
    }
    if (value.length > items.length) items.push(moreItems(value.length - items.length));
    const prefix = name === 'Array' ? '' : `${name}(${value.length}) `;
    return wrap(prefix, '[', [...items, ...this.#properties(value, depth)], ']');
  }

  #typedArray(value: Uint8Array, name: string, depth: number): string {
    const items = this.#limited(value.subarray(0, itemsMax + 1), value.length, (item) => primitive(item, lineLengthMax));
    return wrap(`${name}(${value.length}) `, '[', [...items, ...this.#properties(value, depth)], ']');
  }

  #limited<T>(values: Iterable<T>, count: number, show: (item: T) => string): string[] {
    const items: string[] = [];
    for (const item of values) {
      if (items.length >= itemsMax || this.#lengthLeft <= 0) break;
      items.push(show(item));
      this.#lengthLeft -= 4;
    }
    if (count > items.length) items.push(moreItems(count - items.length));
    return items;
  }

  #function(value: object, depth: number): string {
    const name = dataProperty(value, 'name');
    const isClass = /^class\b/.test(Function.prototype.toString.call(value).slice(0, 6));
    const label = typeof name === 'string' && name !== '' ? name : '(anonymous)';
    const properties = depth > this.#depthMax ? [] : this.#properties(value, depth);
    const head = `[${isClass ? 'class' : 'Function:'} ${label}]`;
    return properties.length === 0 ? head : wrap(`${head} `, '{', properties, '}');
  }

  #error(value: Error, depth: number): string {
    const head = errorText(value);
    const properties = depth > this.#depthMax ? [] : this.#properties(value, depth, errorKeys);
    if (depth <= this.#depthMax && Object.hasOwn(value, 'cause')) properties.push(`[cause]: ${this.#described(propertyOf(value, 'cause'), depth)}`);
    if (depth <= this.#depthMax && value instanceof AggregateError) properties.push(`[errors]: ${this.#described(propertyOf(value, 'errors'), depth)}`);
    this.#lengthLeft -= head.length;
    return properties.length === 0 ? head : wrap(`${head} `, '{', properties, '}');
  }

  /** Own enumerable properties; elements of arrays apart. Of large arrays none, because their elements can't be passed over. */
  #properties(value: object, depth: number, without: readonly string[] = []): string[] {
    const isIndexed = Array.isArray(value) || ArrayBuffer.isView(value);
    if (isIndexed && (value as { length?: number }).length! > keysMax) return [];
    const keys = Reflect.ownKeys(value).filter((key) => !(isIndexed && isIndex(key)) && !without.includes(String(key)));
    const shown: string[] = [];
    for (const key of keys) {
      const descriptor = propertyOf(value, key);
      if (!descriptor.enumerable) continue;
      if (shown.length >= itemsMax || this.#lengthLeft <= 0) return [...shown, '…'];
      shown.push(`${keyText(key)}: ${this.#described(descriptor, depth)}`);
      this.#lengthLeft -= 4;
    }
    return shown;
  }

  #described(descriptor: PropertyDescriptor, depth: number): string {
    if ('value' in descriptor) return this.any(descriptor.value, depth + 1);
    if (descriptor.get === undefined) return '[Setter]';
    return descriptor.set === undefined ? '[Getter]' : '[Getter/Setter]';
  }

  /** The attributes of a web standard's object */
  #interfaceMembers(value: object, depth: number): string[] {
    const members: string[] = [];
    for (const [key, get] of interfaceGetters(value)) {
      if (this.#lengthLeft <= 0) break;
      const text = attempt(() => this.any(Reflect.apply(get, value, []), depth + 1));
      if (text !== undefined) members.push(`${key}: ${text}`);
    }
    return members;
  }
}

const errorKeys = ['stack', 'message', 'name', 'cause', 'errors'];

function isReference(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function moreItems(count: number): string {
  return `… ${count} more item${count === 1 ? '' : 's'}`;
}

function primitive(value: unknown, lengthMax: number): string {
  if (typeof value === 'string') return quote(value.length > lengthMax ? `${value.slice(0, lengthMax)}…` : value);
  if (typeof value === 'bigint') return `${bigintText(value)}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Decimal digits of a huge integer take quadratic time. */
function bigintText(value: bigint): string {
  const bounded = BigInt.asIntN(4096, value);
  return bounded === value ? String(value) : '(huge)';
}

function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return text.includes("'") ? quoted : `'${quoted.slice(1, -1).replaceAll('\\"', '"')}'`;
}

function keyText(key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  if (key.length > lineLengthMax * 4) return quote(`${key.slice(0, lineLengthMax * 4)}…`);
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
}

function isIndex(key: string | symbol): boolean {
  return typeof key === 'string' && /^\d+$/.test(key);
}

function propertyOf(value: object, key: string | symbol): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(value, key) ?? { value: undefined };
}

/** A property that is no accessor, own or inherited. */
function dataProperty(value: object, key: PropertyKey): unknown {
  for (let holder: object | null = value; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return descriptor.value;
  }
  return undefined;
}

function constructorName(value: object): string {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return '[Object: null prototype]';
  const constructor = dataProperty(prototype, 'constructor');
  const name = typeof constructor === 'function' ? dataProperty(constructor, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name.slice(0, lineLengthMax) : 'Object';
}

function isError(value: object): value is Error {
  return value instanceof Error;
}

/** `stack`, with the error's own name and message when V8 wrote an earlier one into it; without a stack, what `toString` gives. */
function errorText(error: Error): string {
  const stack = attempt(() => error.stack);
  if (typeof stack === 'string' && stack !== '') return bounded(stack);
  const text = attempt(() => Error.prototype.toString.call(error));
  return typeof text === 'string' ? `[${bounded(text)}]` : '[Error]';
}

function bounded(text: string): string {
  return text.length > inspectLengthMax ? text.slice(0, inspectLengthMax) : text;
}

function boxedText(value: object): string | undefined {
  if (value instanceof Date) return attempt(() => (Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()));
  if (value instanceof RegExp) return attempt(() => RegExp.prototype.toString.call(value));
  if (value instanceof Promise) return 'Promise {}';
  if (value instanceof ArrayBuffer) return attempt(() => `ArrayBuffer { byteLength: ${value.byteLength} }`);
  if (value instanceof DataView) return attempt(() => `DataView { byteLength: ${value.byteLength}, byteOffset: ${value.byteOffset} }`);
  for (const wrapper of [String, Number, Boolean, Symbol, BigInt]) {
    if (value instanceof wrapper) return attempt(() => `[${wrapper.name}: ${primitive(value.valueOf(), inspectLengthMax)}]`);
  }
  return undefined;
}

const mapLikeTags = new Set(['Headers', 'URLSearchParams', 'FormData']);

/** Entries of a Map and of the web's multi-maps. What a tenant put in the place of their iterators is not called. */
function mapEntries(value: object): { entries: Iterable<Entry>; size: number } | undefined {
  if (value instanceof Map) return { entries: Map.prototype.entries.call(value), size: Number(Reflect.get(Map.prototype, 'size', value)) };
  for (let holder: object | null = Object.getPrototypeOf(value); holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (!isInterfacePrototype(holder) || !mapLikeTags.has(String(dataProperty(holder, Symbol.toStringTag)))) continue;
    const entries = dataProperty(holder, 'entries');
    const found = typeof entries === 'function' ? attempt(() => [...(Reflect.apply(entries, value, []) as Iterable<Entry>)]) : undefined;
    if (found !== undefined) return { entries: found, size: found.length };
  }
  return undefined;
}

function setItems(value: object): { items: Iterable<unknown>; size: number } | undefined {
  if (!(value instanceof Set)) return undefined;
  return { items: Set.prototype.values.call(value), size: Number(Reflect.get(Set.prototype, 'size', value)) };
}

type Getter = () => unknown;

function interfaceGetters(value: object): [string, Getter][] {
  const getters: [string, Getter][] = [];
  let prototype: object | null = Object.getPrototypeOf(value);
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    if (!isInterfacePrototype(prototype)) continue;
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (descriptor.enumerable && descriptor.get !== undefined && !lazyMembers.has(key)) getters.push([key, descriptor.get]);
    }
  }
  return getters;
}

/** Attributes that cost something when they are first read. */
const lazyMembers = new Set(['body', 'readable', 'writable', 'searchParams']);

/** One line when it is short, else one item a line. */
function wrap(prefix: string, open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return `${prefix}${open}${close}`;
  const length = items.reduce((sum, item) => sum + item.length + 2, prefix.length);
  if (length <= lineLengthMax && ![prefix, ...items].some((text) => text.includes('\n'))) return `${prefix}${open} ${items.join(', ')} ${close}`;
  return `${prefix}${open}\n${items.map((item) => `  ${item.replaceAll('\n', '\n  ')}`).join(',\n')}\n${close}`;
}
