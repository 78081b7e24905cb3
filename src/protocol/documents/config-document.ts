/** A configuration file in memory, the same for JSON, TOML and YAML: its data, and where in the file each part of it stands. */
import type { Json } from '../app.ts';
import { NanosError } from '../errors.ts';

/** Nesting that a configuration may have; deeper ones could overflow the stack of what reads them. */
export const CONFIG_DEPTH_MAX = 64;

/** Offsets in UTF-16 units of a value, of its key if it has one, and of what it holds. */
export interface Place {
  readonly key: number | undefined;
  readonly value: number;
  readonly children: ReadonlyMap<string | number, Place>;
}

/** Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Path = readonly (string | number)[];

export interface ConfigDocument {
  readonly file: string;
  readonly data: Json;
  /** Position of the value at `path`, or of its key; of the nearest part around it when there is no such value. */
  locate(path: Path, part: 'key' | 'value'): Position;
}

export function configDocument(file: string, text: string, data: Json, root: Place): ConfigDocument {
  const lines = lineStarts(text);
  return { file, data, locate: (path, part) => positionAt(file, lines, offsetOf(root, path, part)) };
}

/** A `config_invalid` error at an offset of a file. */
export function invalidAt(file: string, text: string, offset: number, message: string): NanosError {
  return new NanosError('config_invalid', summary(message), { position: positionAt(file, lineStarts(text), offset) });
}

/** The first line of a parser's message, without the excerpts of the file that it may hold. */
export function summary(message: string): string {
  const [first = ''] = message.slice(0, 200).split('\n');
  return first.charAt(0).toUpperCase() + first.slice(1);
}

/** Adds to an object that tenants name the keys of. */
export function setOwn(target: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** For messages: at most 100 characters, control characters made visible. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function offsetOf(root: Place, path: Path, part: 'key' | 'value'): number {
  let place = root;
  for (const step of path) {
    const child = place.children.get(step);
    if (child === undefined) return place.value;
    place = child;
  }
  return part === 'key' ? (place.key ?? place.value) : place.value;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

function positionAt(file: string, starts: readonly number[], offset: number): Position {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}
