import { nowMs } from './clock.ts';
import { reflectConstruct } from './primordials.ts';
import { uncurryThis } from '../../util/primordials.ts';

const NativeDate = Date;
const dateToString = uncurryThis(Date.prototype.toString);

/** Makes the global Date, and what formats "now" by default, tell the frozen time of the last entry (0 at top level). */
export function installFrozenDate(global: Record<string, unknown>): void {
  function FrozenDate(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return dateToString(new NativeDate(nowMs()));
    return reflectConstruct(NativeDate, args.length === 0 ? [nowMs()] : args, new.target);
  }
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(FrozenDate, name, { value, writable: true, configurable: true });
  };
  Object.defineProperty(FrozenDate, 'name', { value: 'Date' });
  Object.defineProperty(FrozenDate, 'length', { value: 7 });
  Object.defineProperty(FrozenDate, 'prototype', { value: NativeDate.prototype, writable: false });
  define('now', function now() {
    return nowMs();
  });
  define('parse', NativeDate.parse);
  define('UTC', NativeDate.UTC);
  Object.defineProperty(NativeDate.prototype, 'constructor', { value: FrozenDate, writable: true, configurable: true });
  Object.defineProperty(global, 'Date', { value: FrozenDate, writable: true, configurable: true });
  freezeDateTimeFormat();
}

type Format = (date?: Date | number) => unknown;

/** `format()` and `formatToParts()` without a date would read the host's clock. */
function freezeDateTimeFormat(): void {
  const prototype = Intl.DateTimeFormat.prototype as object as Record<string, unknown>;
  const boundFormat = uncurryThis(Object.getOwnPropertyDescriptor(prototype, 'format')!.get as (this: object) => Format);
  const formats = new WeakMap<object, Format>();
  Object.defineProperty(prototype, 'format', {
    configurable: true,
    get(this: object): Format {
      let format = formats.get(this);
      if (format === undefined) {
        const native = boundFormat(this);
        format = (date) => native(date === undefined ? nowMs() : date);
        formats.set(this, format);
      }
      return format;
    },
  });
  const parts = uncurryThis(prototype['formatToParts'] as (this: object, date?: Date | number) => unknown);
  Object.defineProperty(prototype, 'formatToParts', {
    configurable: true,
    writable: true,
    value: function formatToParts(this: object, date?: Date | number): unknown {
      return parts(this, date === undefined ? nowMs() : date);
    },
  });
}
