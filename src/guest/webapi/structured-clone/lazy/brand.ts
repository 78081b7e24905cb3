/** Which kind of object a value is, by its internal slots and not by its prototype. */
import { isArrayBuffer, isPlatformObject } from '../../webidl.ts';

export type Brand = 'Array' | 'Error' | 'Date' | 'RegExp' | 'Map' | 'Set' | 'Boolean' | 'Number' | 'String' | 'BigInt' | 'Symbol' | 'ArrayBuffer' | 'View' | 'Object' | 'Platform' | 'Exotic';

const { toString } = Object.prototype;

function getter(prototype: object, key: PropertyKey): (this: unknown) => unknown {
  const get = Object.getOwnPropertyDescriptor(prototype, key)?.get;
  if (get === undefined) throw new TypeError(`There is no ${String(key)}`);
  return get;
}

/** Each throws, or returns undefined, for an object without those slots. */
const probes: readonly (readonly [Brand, (this: unknown) => unknown])[] = [
  ['Map', getter(Map.prototype, 'size')],
  ['Set', getter(Set.prototype, 'size')],
  ['Date', Date.prototype.getTime],
  ['RegExp', getter(RegExp.prototype, 'dotAll')],
  ['Boolean', Boolean.prototype.valueOf],
  ['Number', Number.prototype.valueOf],
  ['String', String.prototype.valueOf],
  ['BigInt', BigInt.prototype.valueOf],
  ['Symbol', Symbol.prototype.valueOf],
];

/** Kinds whose instances inherit this tag hold slots that can't be cloned. */
const exoticTags = /^(?:Promise|Weak(?:Map|Set|Ref)|FinalizationRegistry|(?:Async)?Generator|.* Iterator|Iterator Helper|Intl\..*|WebAssembly\..*)$/;

export function brandOf(value: object): Brand {
  if (Array.isArray(value)) return 'Array';
  if (ArrayBuffer.isView(value)) return 'View';
  const hasTag = Symbol.toStringTag in value;
  const tag = hasTag ? '' : toString.call(value).slice(8, -1);
  if (tag === 'Error' || tag === 'Date' || tag === 'RegExp' || tag === 'Boolean' || tag === 'Number' || tag === 'String') return tag;
  if (tag === 'Arguments') return 'Exotic';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!hasTag && (prototype === Object.prototype || prototype === null)) return 'Object';
  if (isPlatformObject(value)) return 'Platform';
  return hasTag ? brandOfTagged(value) : 'Object';
}

function brandOfTagged(value: object): Brand {
  if (isArrayBuffer(value)) return 'ArrayBuffer';
  for (const [brand, probe] of probes) if (holds(probe, value)) return brand;
  if (Object.hasOwn(value, Symbol.toStringTag)) return value instanceof Error ? 'Error' : 'Object';
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  if (typeof tag === 'string' && exoticTags.test(tag)) return 'Exotic';
  return value instanceof Error ? 'Error' : 'Object';
}

function holds(probe: (this: unknown) => unknown, value: object): boolean {
  try {
    return Reflect.apply(probe, value, []) !== undefined;
  } catch {
    return false;
  }
}
