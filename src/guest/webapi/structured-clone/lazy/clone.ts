/**
 * https://html.spec.whatwg.org/#structuredserializeinternal and #structureddeserialize in one walk: each property is read once, in the
 * standard's order, and what was read goes straight into the clone.
 */
import { DOMException, isDOMException, isQuotaExceededError, QuotaExceededError } from '../../dom/index.ts';
import { blobFromParts, blobParts, File, isBlob, isFile } from '../../file-api/index.ts';
import { toDOMString } from '../../webidl.ts';
import { brandOf } from './brand.ts';
import { cloneArrayBuffer, cloneView } from './clone-buffer.ts';

const errorClasses: Readonly<Record<string, ErrorConstructor>> = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

export function dataCloneError(what: string): DOMException {
  return new DOMException(`${what} could not be cloned`, 'DataCloneError');
}

export class Cloner {
  readonly #memory: Map<object, object>;

  /** `memory` maps what was cloned already to its clone. */
  constructor(memory: Map<object, object>) {
    this.#memory = memory;
  }

  /** Throws a DataCloneError for what can't be cloned, and whatever a getter throws. */
  clone(value: unknown): unknown {
    if (typeof value === 'symbol') throw dataCloneError(String(value));
    if (typeof value === 'function') throw dataCloneError(functionText(value));
    if (typeof value !== 'object' || value === null) return value;
    return this.#memory.get(value) ?? this.#cloneObject(value);
  }

  #cloneObject(value: object): object {
    switch (brandOf(value)) {
      case 'Array':
        return this.#properties(value, this.#remember(value, emptyArray((value as unknown[]).length)));
      case 'Object':
        return this.#properties(value, this.#remember(value, {}));
      case 'Map':
        return this.#map(value as Map<unknown, unknown>);
      case 'Set':
        return this.#set(value as Set<unknown>);
      case 'Error':
        return this.#error(value);
      case 'ArrayBuffer':
        return this.#remember(value, cloneArrayBuffer(value as ArrayBuffer));
      case 'View':
        return this.#remember(value, cloneView(value as ArrayBufferView<ArrayBuffer>, (buffer) => this.clone(buffer) as ArrayBuffer));
      case 'Platform':
        return this.#remember(value, clonePlatformObject(value));
      case 'Symbol':
      case 'Exotic':
        throw dataCloneError(brandText(value));
      default:
        return this.#remember(value, cloneBoxed(value));
    }
  }

  #remember<T extends object>(value: object, clone: T): T {
    this.#memory.set(value, clone);
    return clone;
  }

  #properties(value: object, clone: object): object {
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(value, key)) continue;
      const item = this.clone(Reflect.get(value, key));
      Object.defineProperty(clone, key, { value: item, writable: true, enumerable: true, configurable: true });
    }
    return clone;
  }

  #map(value: Map<unknown, unknown>): object {
    const clone = this.#remember(value, new Map());
    const entries: [unknown, unknown][] = [];
    Map.prototype.forEach.call(value, (item: unknown, key: unknown) => entries.push([key, item]));
    for (const [key, item] of entries) clone.set(this.clone(key), this.clone(item));
    return clone;
  }

  #set(value: Set<unknown>): object {
    const clone = this.#remember(value, new Set());
    const items: unknown[] = [];
    Set.prototype.forEach.call(value, (item: unknown) => items.push(item));
    for (const item of items) clone.add(this.clone(item));
    return clone;
  }

  /** With its stack and cause, as the standard's note asks of "interesting accompanying data". */
  #error(value: object): object {
    const name: unknown = Reflect.get(value, 'name');
    const nameText = name === undefined ? 'Error' : toDOMString(name);
    const message = Object.getOwnPropertyDescriptor(value, 'message');
    const messageText = message !== undefined && 'value' in message ? toDOMString(message.value) : undefined;
    const errorClass = (Object.hasOwn(errorClasses, nameText) ? errorClasses[nameText] : undefined) ?? Error;
    const clone = this.#remember(value, new errorClass(messageText));
    const stack: unknown = Object.hasOwn(value, 'stack') ? Reflect.get(value, 'stack') : undefined;
    if (typeof stack === 'string') defineHidden(clone, 'stack', stack);
    else Reflect.deleteProperty(clone, 'stack');
    const cause = Object.getOwnPropertyDescriptor(value, 'cause');
    if (cause !== undefined) defineHidden(clone, 'cause', this.clone(Reflect.get(value, 'cause')));
    return clone;
  }
}

function defineHidden(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}

function brandText(value: object): string {
  return Object.prototype.toString.call(value);
}

function functionText(value: object): string {
  return Function.prototype.toString.call(value).slice(0, 200);
}

function emptyArray(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  return array;
}

function cloneBoxed(value: object): object {
  const brand = brandOf(value);
  if (brand === 'Date') return new Date(Date.prototype.getTime.call(value));
  if (brand === 'Boolean') return new Boolean(Boolean.prototype.valueOf.call(value));
  if (brand === 'Number') return new Number(Number.prototype.valueOf.call(value));
  if (brand === 'String') return new String(String.prototype.valueOf.call(value));
  if (brand === 'BigInt') return Object(BigInt.prototype.valueOf.call(value as never)) as object;
  const { source, flags } = value as RegExp;
  return new RegExp(source, flags);
}

function clonePlatformObject(value: object): object {
  if (isFile(value)) return new File([value], value.name, { type: value.type, lastModified: value.lastModified });
  if (isBlob(value)) return blobFromParts(blobParts(value), value.type);
  if (isQuotaExceededError(value)) return new QuotaExceededError(value.message, { quota: value.quota ?? undefined, requested: value.requested ?? undefined });
  if (isDOMException(value)) return new DOMException(value.message, value.name);
  throw dataCloneError(brandText(value));
}
