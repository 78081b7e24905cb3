/** https://webidl.spec.whatwg.org/#js-iterable for interfaces whose pairs are kept as a flat list: key, value, key, value, … */
import { decorateInterface, enumerableMembers, requireArguments } from './webidl.ts';

export interface PairIterable<V> {
  entries(): IterableIterator<[string, V]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<V>;
  forEach(callback: unknown, thisArgument?: unknown): void;
  [Symbol.iterator](): IterableIterator<[string, V]>;
}

const iteratorPrototype: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/** `read` gives the pairs as they are now and throws a TypeError when its argument is not of that interface. */
export function makePairIterable(name: string, prototype: object, read: (self: unknown) => readonly unknown[]): void {
  class PairIterator {
    readonly #target: unknown;
    readonly #kind: 'both' | 'key' | 'value';
    #index = 0;

    constructor(target: unknown, kind: 'both' | 'key' | 'value') {
      read(target);
      this.#target = target;
      this.#kind = kind;
    }

    next(): { value: unknown; done: boolean } {
      const pairs = read(this.#target);
      const at = this.#index;
      if (at >= pairs.length) return { value: undefined, done: true };
      this.#index = at + 2;
      if (this.#kind === 'both') return { value: [pairs[at], pairs[at + 1]], done: false };
      return { value: pairs[this.#kind === 'key' ? at : at + 1], done: false };
    }
  }
  decorateInterface(`${name} Iterator`, PairIterator);
  Object.setPrototypeOf(PairIterator.prototype, iteratorPrototype);
  Reflect.deleteProperty(PairIterator.prototype, 'constructor');

  const methods = Object.getOwnPropertyDescriptors({
    entries(this: unknown): object {
      return new PairIterator(this, 'both');
    },
    keys(this: unknown): object {
      return new PairIterator(this, 'key');
    },
    values(this: unknown): object {
      return new PairIterator(this, 'value');
    },
    forEach(this: unknown, callback: unknown, thisArgument: unknown = undefined): void {
      read(this);
      requireArguments(arguments.length, 1, `${name}.forEach`);
      if (typeof callback !== 'function') throw new TypeError(`${name}.forEach: callback is not a function`);
      for (let at = 0, pairs = read(this); at < pairs.length; at += 2, pairs = read(this)) {
        Reflect.apply(callback, thisArgument, [pairs[at + 1], pairs[at], this]);
      }
    },
  });
  Object.defineProperties(prototype, methods);
  enumerableMembers(prototype, ...Object.keys(methods));
  Object.defineProperty(prototype, Symbol.iterator, { ...methods.entries, enumerable: false });
}
