import { Composer, Lexer, Parser, isAlias, isCollection, isMap, isScalar, isSeq } from 'yaml';
import type { Node } from 'yaml';
import type { Json } from '../app.ts';
import { CONFIG_DEPTH_MAX, configDocument, invalidAt, quoted, setOwn } from './config-document.ts';
import type { ConfigDocument, Place } from './config-document.ts';

/** Values that a file may come to once its aliases are filled in. */
const VALUES_MAX = 100_000;

type Token = ReturnType<Parser['next']> extends Generator<infer T> ? T : never;

/** One YAML 1.2 document; an empty one is an empty mapping. Aliases are filled in, within limits. A key given twice is an error. */
export function parseYaml(file: string, text: string): ConfigDocument {
  const [document, second] = new Composer({ uniqueKeys: false, prettyErrors: false }).compose(tokensOf(file, text), true, text.length);
  if (document === undefined) return configDocument(file, text, {}, { key: undefined, value: 0, children: new Map() });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw invalidAt(file, text, problem.pos[0], problem.message);
  if (second !== undefined) throw invalidAt(file, text, second.range[0], 'Only one YAML document is allowed in a file');
  const { data, place } = new Converter(file, text).convert(document.contents, undefined, 0);
  return configDocument(file, text, data ?? {}, place);
}

/** The composer recurses: it only gets tokens that it can hold on its stack. */
function tokensOf(file: string, text: string): Token[] {
  const parser = new Parser();
  const tokens: Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > 2 * CONFIG_DEPTH_MAX) throw tooDeep(file, text, parser.offset);
  }
  tokens.push(...parser.end());
  return tokens;
}

function tooDeep(file: string, text: string, offset: number) {
  return invalidAt(file, text, offset, `Nested more than ${CONFIG_DEPTH_MAX} levels deep`);
}

interface Converted {
  readonly data: Json;
  readonly place: Place;
}

/** Walks in the order of the text, so that an alias means the last anchor of its name before it (YAML 1.2.2 §7.1). */
class Converter {
  readonly #file: string;
  readonly #text: string;
  readonly #anchors = new Map<string, Node>();
  #values = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  convert(node: Node | null, key: number | undefined, depth: number): Converted {
    const value = node?.range?.[0] ?? key ?? 0;
    if (depth > CONFIG_DEPTH_MAX) throw tooDeep(this.#file, this.#text, value);
    if (++this.#values > VALUES_MAX) throw this.#invalid(value, `More than ${VALUES_MAX} values`);
    if (isAlias(node)) return this.#alias(node.source, value, key, depth);
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const children = new Map<string | number, Place>();
    const place: Place = { key, value, children };
    if (isMap(node)) return { data: this.#map(node.items, children, depth), place };
    if (isSeq(node)) return { data: this.#list(node.items, children, depth), place };
    return { data: this.#scalar(isScalar(node) ? node.value : null, value), place };
  }

  #alias(name: string, value: number, key: number | undefined, depth: number): Converted {
    const target = this.#anchors.get(name);
    if (target === undefined) throw this.#invalid(value, `There is no anchor ${quoted(name)} before this alias`);
    const { data } = this.convert(target, undefined, depth + 1);
    return { data, place: { key, value, children: new Map() } };
  }

  #map(items: readonly { key: unknown; value: unknown }[], children: Map<string | number, Place>, depth: number): Json {
    const data: { [key: string]: Json } = {};
    for (const item of items) {
      const offset = offsetOf(item.key);
      const name = this.#key(item.key, offset);
      if (children.has(name)) throw this.#invalid(offset, `Key ${quoted(name)} is given twice`);
      const converted = this.convert(nodeOf(item.value), offset, depth + 1);
      children.set(name, converted.place);
      setOwn(data, name, converted.data);
    }
    return data;
  }

  #list(items: readonly unknown[], children: Map<string | number, Place>, depth: number): Json {
    return items.map((item, index) => {
      const converted = this.convert(nodeOf(item), undefined, depth + 1);
      children.set(index, converted.place);
      return converted.data;
    });
  }

  #key(key: unknown, offset: number): string {
    const value: unknown = isScalar(key) ? key.value : undefined;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw this.#invalid(offset, 'A key must be text');
    const name = String(value);
    if (name === '__proto__') throw this.#invalid(offset, 'Key "__proto__" is not allowed');
    return name;
  }

  #scalar(value: unknown, offset: number): Json {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#invalid(offset, 'The value is neither text, a finite number, true, false nor null');
  }

  #invalid(offset: number, message: string) {
    return invalidAt(this.#file, this.#text, offset, message);
  }
}

function offsetOf(key: unknown): number {
  return nodeOf(key)?.range?.[0] ?? 0;
}

function nodeOf(value: unknown): Node | null {
  return isScalar(value) || isCollection(value) || isAlias(value) ? value : null;
}
