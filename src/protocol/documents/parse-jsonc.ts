import { createScanner, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import type { Json } from '../app.ts';
import { CONFIG_DEPTH_MAX, configDocument, invalidAt, quoted, setOwn } from './config-document.ts';
import type { ConfigDocument, Place } from './config-document.ts';

const END_OF_FILE = 17;

/** JSON with comments and trailing commas, as wrangler reads `.json` and `.jsonc`. A key given twice is an error. */
export function parseJsonc(file: string, text: string): ConfigDocument {
  checkDepth(file, text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) throw invalidAt(file, text, error.offset, readable(printParseErrorCode(error.error)));
  if (root === undefined) throw invalidAt(file, text, 0, 'Value expected');
  const { data, place } = convert({ file, text }, root, undefined);
  return configDocument(file, text, data, place);
}

/** The parser recurses: it only gets text that it can hold on its stack. */
function checkDepth(file: string, text: string): void {
  const scanner = createScanner(text, true);
  let depth = 0;
  while (Number(scanner.scan()) !== END_OF_FILE) {
    const token = text[scanner.getTokenOffset()];
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth > CONFIG_DEPTH_MAX) throw invalidAt(file, text, scanner.getTokenOffset(), `Nested more than ${CONFIG_DEPTH_MAX} levels deep`);
  }
}

interface Source {
  readonly file: string;
  readonly text: string;
}

interface Converted {
  readonly data: Json;
  readonly place: Place;
}

function convert(source: Source, node: Node, key: number | undefined): Converted {
  const children = new Map<string | number, Place>();
  const place: Place = { key, value: node.offset, children };
  if (node.type === 'array') {
    const items = (node.children ?? []).map((child) => convert(source, child, undefined));
    for (const [index, item] of items.entries()) children.set(index, item.place);
    return { data: items.map((item) => item.data), place };
  }
  if (node.type !== 'object') return { data: node.value, place };
  const data: { [key: string]: Json } = {};
  for (const property of node.children ?? []) {
    const [name, value] = property.children ?? [];
    if (name === undefined || value === undefined) continue;
    const text = String(name.value);
    if (children.has(text)) throw invalidAt(source.file, source.text, name.offset, `Key ${quoted(text)} is given twice`);
    if (text === '__proto__') throw invalidAt(source.file, source.text, name.offset, 'Key "__proto__" is not allowed');
    const converted = convert(source, value, name.offset);
    children.set(text, converted.place);
    setOwn(data, text, converted.data);
  }
  return { data, place };
}

/** `CommaExpected` → `Comma expected`. */
function readable(errorName: string): string {
  return errorName.replaceAll(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
