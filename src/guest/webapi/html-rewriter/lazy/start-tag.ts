/** A start tag as it stands in the source, and what was changed in it. Units are bytes; see text-coding.ts. */
import type { TextCoding } from './text-coding.ts';

interface Attribute {
  /** lower-case, decoded */
  readonly name: string;
  /** as in the source, character references and all */
  value: string;
  /** undefined once it was set */
  raw: string | undefined;
}

const nameEnd = /[\t\n\f\r />]/g;
/** https://html.spec.whatwg.org/#before-attribute-name-state and on; a name may begin with "=" */
const attributePattern = /[\t\n\f\r /]*(?:(=?[^\t\n\f\r /=>]*)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r >]*)))?)/y;

export class StartTag {
  /** lower-case */
  readonly name: string;
  readonly isSelfClosing: boolean;
  readonly #raw: string;
  readonly #coding: TextCoding;
  #newName: string | undefined;
  #attributes: Attribute[] | undefined;
  #isChanged = false;

  constructor(raw: string, name: string, isSelfClosing: boolean, coding: TextCoding) {
    this.#raw = raw;
    this.name = name;
    this.isSelfClosing = isSelfClosing;
    this.#coding = coding;
  }

  get tagName(): string {
    return (this.#newName ?? this.name).toLowerCase();
  }

  rename(name: string): void {
    this.#newName = name;
    this.#isChanged = true;
  }

  get(name: string): string | null {
    return this.#list().find((attribute) => attribute.name === name)?.value ?? null;
  }

  entries(): [string, string][] {
    return this.#list().map(({ name, value }) => [name, value]);
  }

  set(name: string, value: string): void {
    this.#isChanged = true;
    const known = this.#list().find((attribute) => attribute.name === name);
    if (known === undefined) this.#list().push({ name, value, raw: undefined });
    else {
      known.value = value;
      known.raw = undefined;
    }
  }

  delete(name: string): void {
    const left = this.#list().filter((attribute) => attribute.name !== name);
    this.#isChanged ||= left.length !== this.#list().length;
    this.#attributes = left;
  }

  /** As the source has it, as far as nothing was changed. */
  toString(): string {
    if (!this.#isChanged) return this.#raw;
    const attributes = this.#list().map(({ name, value, raw }) => ` ${raw ?? `${this.#coding.encode(name)}="${this.#coding.encode(value.replaceAll('"', '&quot;'))}"`}`);
    const name = this.#newName === undefined ? this.#sourceName() : this.#coding.encode(this.#newName);
    // a slash after an unquoted value would be a part of it
    const slash = attributes.length > 0 ? ' /' : '/';
    return `<${name}${attributes.join('')}${this.isSelfClosing ? slash : ''}>`;
  }

  #sourceName(): string {
    nameEnd.lastIndex = 1;
    return this.#raw.slice(1, nameEnd.exec(this.#raw)?.index ?? this.#raw.length - 1);
  }

  #list(): Attribute[] {
    this.#attributes ??= this.#parse();
    return this.#attributes;
  }

  #parse(): Attribute[] {
    const attributes: Attribute[] = [];
    let at = this.#sourceName().length + 1;
    while (at < this.#raw.length - 1) {
      attributePattern.lastIndex = at;
      const match = attributePattern.exec(this.#raw);
      if (match === null || attributePattern.lastIndex === at) break;
      at = attributePattern.lastIndex;
      const [whole, name = '', doubleQuoted, singleQuoted, unquoted] = match;
      if (name === '') continue;
      const value = this.#coding.decode(doubleQuoted ?? singleQuoted ?? unquoted ?? '');
      attributes.push({ name: lower(this.#coding.decode(name)), value, raw: whole.replace(/^[\t\n\f\r /]+/, '') });
    }
    return attributes;
  }
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
