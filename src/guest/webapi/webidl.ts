/**
 * What Web IDL asks of every interface and argument, https://webidl.spec.whatwg.org/.
 * A conversion throws a TypeError when the value can't be converted.
 */

declare global {
  interface String {
    toWellFormed(): string;
    isWellFormed(): boolean;
  }
}

type Interface = { readonly prototype: object };

/** Makes a class an interface of the global object: its members enumerable, its tag set, its name defined (not enumerable). */
export function exposeInterface(global: Record<string, unknown>, name: string, interfaceClass: Interface): void {
  decorateInterface(name, interfaceClass);
  defineGlobal(global, name, interfaceClass);
}

const platformPrototypes = new WeakSet();

/** True for an object of a web standard's interface, or one that inherits from its prototype. */
export function isPlatformObject(value: object): boolean {
  for (let holder: object | null = Object.getPrototypeOf(value); holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (platformPrototypes.has(holder)) return true;
  }
  return false;
}

/** True for the prototype of a web standard's interface. */
export function isInterfacePrototype(value: object): boolean {
  return platformPrototypes.has(value);
}

/** The part of {@link exposeInterface} that an interface without a global name needs too. */
export function decorateInterface(name: string, interfaceClass: Interface): void {
  const { prototype } = interfaceClass;
  // the bundler shortens names
  Object.defineProperty(interfaceClass, 'name', { value: name, configurable: true });
  platformPrototypes.add(prototype);
  enumerableMembers(prototype);
  enumerableMembers(interfaceClass);
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

/** Makes the named members of a class or prototype enumerable; without names, all that a class body defined. */
export function enumerableMembers(target: object, ...names: string[]): void {
  const builtIn = typeof target === 'function' ? ['prototype', 'length', 'name'] : ['constructor'];
  const members = names.length > 0 ? names : Object.getOwnPropertyNames(target).filter((key) => !builtIn.includes(key));
  for (const key of members) Object.defineProperty(target, key, { enumerable: true });
}

/** An operation or class on the global object: writable and configurable; enumerable only for operations. It gets that name, whatever a minifier made of its own. */
export function defineGlobal(global: Record<string, unknown>, name: string, value: unknown, enumerable = false): void {
  if (typeof value === 'function') Object.defineProperty(value, 'name', { value: name, configurable: true });
  Object.defineProperty(global, name, { value, writable: true, configurable: true, enumerable });
}

/** Interfaces, or values that are no interface, of a part that is loaded when one of them is first read: until then each is an accessor. */
export function exposeLazily(global: Record<string, unknown>, names: readonly string[], load: () => Record<string, unknown>, { enumerable = false } = {}): void {
  for (const name of names) {
    const define = (value: unknown): void => defineGlobal(global, name, value, enumerable);
    Object.defineProperty(global, name, {
      configurable: true,
      enumerable,
      get(): unknown {
        const loaded = load();
        for (const [other, value] of Object.entries(loaded)) if (isInterface(value) && !platformPrototypes.has(value.prototype)) decorateInterface(other, value);
        const value = loaded[name];
        define(value);
        return value;
      },
      set: define,
    });
  }
}

function isInterface(value: unknown): value is Interface {
  return typeof value === 'function';
}

/** Constants stand on the class and on its prototype, read-only. */
export function defineConstants(interfaceClass: Interface, constants: Readonly<Record<string, number>>): void {
  for (const [key, value] of Object.entries(constants)) {
    Object.defineProperty(interfaceClass, key, { value, enumerable: true });
    Object.defineProperty(interfaceClass.prototype, key, { value, enumerable: true });
  }
}

/** `operation` is "Interface.operation" or "Interface constructor". */
export function requireArguments(given: number, required: number, operation: string): void {
  if (given < required) {
    throw new TypeError(`${operation}: ${required} argument${required === 1 ? '' : 's'} required, but only ${given} present`);
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

export function toDOMString(value: unknown): string {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
  return String(value);
}

/** Lone surrogates become U+FFFD. */
export function toUSVString(value: unknown): string {
  return (typeof value === 'string' ? value : toDOMString(value)).toWellFormed();
}

const notByte = /[\u0100-\uffff]/;

export function toByteString(value: unknown): string {
  const text = toDOMString(value);
  if (notByte.test(text)) throw new TypeError('String contains a character above U+00FF, which a ByteString can not hold');
  return text;
}

export type IntegerMode = 'modulo' | 'enforceRange' | 'clamp';

/** ConvertToInt, https://webidl.spec.whatwg.org/#abstract-opdef-converttoint. 64 bits mean the safe integers. */
export function toInteger(value: unknown, bits: 8 | 16 | 32 | 64, signed: boolean, mode: IntegerMode = 'modulo'): number {
  const number = (value as number) - 0;
  const upper = bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** (signed ? bits - 1 : bits) - 1;
  const lower = signed ? -upper - (bits === 64 ? 0 : 1) : 0;
  if (mode === 'enforceRange') return enforceRange(number, lower, upper);
  if (Number.isNaN(number)) return 0;
  if (mode === 'clamp') return roundToEven(Math.min(Math.max(number, lower), upper));
  return wrap(number, bits, signed);
}

function enforceRange(number: number, lower: number, upper: number): number {
  const integer = Math.trunc(number) + 0;
  if (!Number.isFinite(number) || integer < lower || integer > upper) {
    throw new TypeError(`Value is outside the range of ${lower} to ${upper}`);
  }
  return integer;
}

function roundToEven(number: number): number {
  const floor = Math.floor(number);
  const fraction = number - floor;
  if (fraction !== 0.5) return Math.round(number) + 0;
  return floor % 2 === 0 ? floor + 0 : floor + 1;
}

function wrap(number: number, bits: number, signed: boolean): number {
  if (!Number.isFinite(number)) return 0;
  const integer = Math.trunc(number) + 0;
  if (bits === 64 && Number.isSafeInteger(integer)) return signed || integer >= 0 ? integer : Number(BigInt.asUintN(64, BigInt(integer)));
  const wrapped = signed ? BigInt.asIntN(bits, BigInt(integer)) : BigInt.asUintN(bits, BigInt(integer));
  return Number(wrapped);
}

/** `unsigned long` */
export function toUnsignedLong(value: unknown, mode: IntegerMode = 'modulo'): number {
  if (typeof value === 'number' && mode === 'modulo') return value >>> 0;
  return toInteger(value, 32, false, mode);
}

/** `unsigned short` */
export function toUnsignedShort(value: unknown, mode: IntegerMode = 'modulo'): number {
  return toInteger(value, 16, false, mode);
}

/** `sequence<T>` from any iterable object. */
export function toSequence<T>(value: unknown, convert: (item: unknown) => T): T[] {
  if (!isObject(value)) throw new TypeError('Value is not a sequence');
  const method = iteratorMethod(value);
  if (method === undefined) throw new TypeError('Value is not a sequence');
  return sequenceFrom(value, method, convert);
}

type IteratorMethod = () => Iterator<unknown>;

/** `value[Symbol.iterator]`, or undefined when the object is not iterable. Reads the property once, as Web IDL unions do. */
export function iteratorMethod(value: object): IteratorMethod | undefined {
  const method: unknown = Reflect.get(value, Symbol.iterator);
  if (method === undefined || method === null) return undefined;
  if (typeof method !== 'function') throw new TypeError('Symbol.iterator is not a function');
  return method as IteratorMethod;
}

/** Creates a sequence with an iterator method that was already read. */
export function sequenceFrom<T>(value: object, method: IteratorMethod, convert: (item: unknown) => T): T[] {
  const items: T[] = [];
  const iterable = { [Symbol.iterator]: (): Iterator<unknown> => Reflect.apply(method, value, []) };
  for (const item of iterable) items.push(convert(item));
  return items;
}

/** `record<K, V>`, in property order; a key that converts to one seen before replaces its value. */
export function toRecord<V>(value: unknown, convertKey: (key: unknown) => string, convertValue: (item: unknown) => V): Map<string, V> {
  if (!isObject(value)) throw new TypeError('Value is not an object');
  const record = new Map<string, V>();
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
    if (descriptor?.enumerable !== true) continue;
    const typedKey = convertKey(key);
    record.set(typedKey, convertValue(Reflect.get(value, key)));
  }
  return record;
}

/** A dictionary argument: undefined and null are empty, other primitives are errors. */
export function toDictionary(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${what} is not an object`);
  return value as Record<string, unknown>;
}

/** An argument of enumeration type. */
export function toEnum<T extends string>(value: unknown, allowed: readonly T[], what: string): T {
  const text = toDOMString(value);
  const found = allowed.find((candidate) => candidate === text);
  if (found === undefined) throw new TypeError(`${what} '${text}' is not one of ${allowed.join(', ')}`);
  return found;
}

const byteLengthGetter = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get;

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (!(isObject(value) && byteLengthGetter !== undefined)) return false;
  try {
    Reflect.apply(byteLengthGetter, value, []);
    return true;
  } catch {
    return false;
  }
}

export function isBufferSource(value: unknown): value is ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  return ArrayBuffer.isView(value) || isArrayBuffer(value);
}

/** The bytes that a BufferSource refers to, without a copy. */
export function viewBytes(value: ArrayBuffer | ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(value);
}

/** A copy of the bytes that a BufferSource refers to; a TypeError names `what` when it is none. */
export function copyBytes(value: unknown, what: string): Uint8Array<ArrayBuffer> {
  if (!isBufferSource(value)) throw new TypeError(`${what} is not an ArrayBuffer or a view of one`);
  return viewBytes(value).slice();
}
