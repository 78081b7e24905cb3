import type { Place } from './config-document.ts';

/** Where the keys and values of a TOML 1.0 text stand. The text must have passed a TOML parser: nothing is checked here. */
export function tomlPlaces(text: string): Place {
  const root = newPlace(undefined, 0);
  const cursor = new Cursor(text);
  let table = root;
  for (cursor.skipBlank(); !cursor.isAtEnd(); cursor.skipBlank()) {
    if (cursor.peek() === '[') table = tableAt(root, cursor);
    else placePair(table, cursor);
  }
  return root;
}

interface MutablePlace extends Place {
  readonly children: Map<string | number, MutablePlace>;
  value: number;
}

interface KeyPart {
  readonly name: string;
  readonly offset: number;
}

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BARE_VALUE = /[^,\]}#\r\n]+/y;
const BLANK = /(?:[ \t\r\n]+|#[^\n]*)*/y;
const STRINGS = [/"""(?:[^\\]|\\[^])*?"{3,5}(?!")/y, /'''[^]*?'{3,5}(?!')/y, /"(?:[^"\\]|\\.)*"/y, /'[^']*'/y] as const;

class Cursor {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  peek(): string {
    return this.#text.charAt(this.at);
  }

  skip(characters: number): void {
    this.at += characters;
  }

  take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  skipBlank(): void {
    this.take(BLANK);
  }

  skipString(): string {
    for (const pattern of STRINGS) {
      const found = this.take(pattern);
      if (found !== '') return found;
    }
    return '';
  }
}

function newPlace(key: number | undefined, value: number): MutablePlace {
  return { key, value, children: new Map() };
}

/** `[a.b]` or `[[a.b]]`: the table whose pairs follow. */
function tableAt(root: MutablePlace, cursor: Cursor): MutablePlace {
  const start = cursor.at;
  cursor.skip(1);
  const isItem = cursor.peek() === '[';
  if (isItem) cursor.skip(1);
  const keys = dottedKey(cursor);
  cursor.skip(isItem ? 2 : 1);
  const table = descend(root, keys);
  if (!isItem) return table;
  const item = newPlace(undefined, start);
  table.children.set(table.children.size, item);
  return item;
}

function placePair(table: MutablePlace, cursor: Cursor): void {
  const place = descend(table, dottedKey(cursor));
  cursor.skip(1);
  cursor.skipBlank();
  place.value = cursor.at;
  placeValue(place, cursor);
}

/** A key through an array of tables means the array's last table. */
function descend(from: MutablePlace, keys: readonly KeyPart[]): MutablePlace {
  let place = from;
  for (const [index, { name, offset }] of keys.entries()) {
    const child = place.children.get(name) ?? newPlace(offset, offset);
    place.children.set(name, child);
    place = (index < keys.length - 1 ? child.children.get(child.children.size - 1) : undefined) ?? child;
  }
  return place;
}

function dottedKey(cursor: Cursor): KeyPart[] {
  const parts: KeyPart[] = [];
  do {
    if (parts.length > 0) cursor.skip(1);
    cursor.skipBlank();
    const offset = cursor.at;
    parts.push({ name: keyName(cursor), offset });
    cursor.skipBlank();
  } while (cursor.peek() === '.');
  return parts;
}

function keyName(cursor: Cursor): string {
  const written = cursor.skipString();
  if (written === '') return cursor.take(BARE_KEY) || charOf(cursor);
  if (written.startsWith("'")) return written.slice(1, -1);
  return written.slice(1, -1).replaceAll(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, unescape);
}

/** A step forward in any case, so that no text makes an endless loop. */
function charOf(cursor: Cursor): string {
  const character = cursor.peek();
  cursor.skip(1);
  return character;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b' };

function unescape(_whole: string, short: string | undefined, long: string | undefined, character: string | undefined): string {
  const hex = short ?? long;
  return hex === undefined ? (ESCAPES[character ?? ''] ?? character ?? '') : String.fromCodePoint(Number.parseInt(hex, 16));
}

function placeValue(place: MutablePlace, cursor: Cursor): void {
  const first = cursor.peek();
  if (first === '[') placeItems(place, cursor);
  else if (first === '{') placeInlineTable(place, cursor);
  else if (cursor.skipString() === '' && cursor.take(BARE_VALUE) === '') cursor.skip(1);
}

function placeItems(place: MutablePlace, cursor: Cursor): void {
  cursor.skip(1);
  for (cursor.skipBlank(); cursor.peek() !== ']' && !cursor.isAtEnd(); skipComma(cursor)) {
    const item = newPlace(undefined, cursor.at);
    place.children.set(place.children.size, item);
    placeValue(item, cursor);
  }
  cursor.skip(1);
}

function placeInlineTable(place: MutablePlace, cursor: Cursor): void {
  cursor.skip(1);
  for (cursor.skipBlank(); cursor.peek() !== '}' && !cursor.isAtEnd(); skipComma(cursor)) placePair(place, cursor);
  cursor.skip(1);
}

function skipComma(cursor: Cursor): void {
  cursor.skipBlank();
  if (cursor.peek() === ',') cursor.skip(1);
  cursor.skipBlank();
}
