import { stringSlice } from '../../util/primordials.ts';

export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

const TEXT_MAX = 8 * 1024;

/**
 * A thrown value as plain bounded strings. Nothing that a tenant throws may cross to the host as it is; getters and proxies that throw
 * are caught, and those that loop are stopped by the entry's limit.
 */
export function describeError(thrown: unknown): ErrorText {
  if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: `Thrown: ${primitiveText(thrown)}`, stack: '' };
  return { name: property(thrown, 'name', 'Error'), message: property(thrown, 'message', ''), stack: property(thrown, 'stack', '') };
}

function primitiveText(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'symbol' ? 'a symbol' : bounded(`${value as string}`);
}

function property(object: object, name: string, otherwise: string): string {
  try {
    const value = (object as Record<string, unknown>)[name];
    return typeof value === 'string' ? bounded(value) : otherwise;
  } catch {
    return otherwise;
  }
}

function bounded(text: string): string {
  return text.length > TEXT_MAX ? `${stringSlice(text, 0, TEXT_MAX)}…` : text;
}
