/** https://urlpattern.spec.whatwg.org/#parsing */
import { type Token, tokenize, type TokenType } from './tokenize.ts';

export interface PatternOptions {
  /** separates segments; '' for none */
  readonly delimiter: string;
  /** counts as a part's prefix when it stands before it; '' for none */
  readonly prefix: string;
}

export type Modifier = '' | '?' | '*' | '+';

export interface Part {
  readonly type: 'fixed-text' | 'regexp' | 'segment-wildcard' | 'full-wildcard';
  readonly value: string;
  readonly modifier: Modifier;
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Canonicalises a piece of fixed text, or throws a TypeError. */
export type Encode = (text: string) => string;

export const fullWildcard = '.*';

export function escapeRegexp(text: string): string {
  return text.replace(/[.+*?^${}()[\]|/\\]/g, '\\$&');
}

export function segmentWildcard({ delimiter }: PatternOptions): string {
  return `[^${escapeRegexp(delimiter)}]+?`;
}

export function parsePattern(input: string, options: PatternOptions, encode: Encode): Part[] {
  return new PatternParser(input, options, encode).parse();
}

class PatternParser {
  readonly #tokens: readonly Token[];
  readonly #options: PatternOptions;
  readonly #encode: Encode;
  readonly #parts: Part[] = [];
  #pending = '';
  #at = 0;
  #nextName = 0;

  constructor(input: string, options: PatternOptions, encode: Encode) {
    this.#tokens = tokenize([...input], true);
    this.#options = options;
    this.#encode = encode;
  }

  parse(): Part[] {
    while (this.#at < this.#tokens.length) {
      const char = this.#take('char');
      const name = this.#take('name');
      const matcher = this.#takeMatcher(name);
      if (name !== undefined || matcher !== undefined) this.#addMatcher(char, name, matcher);
      else this.#addOther(char);
    }
    return this.#parts;
  }

  #addMatcher(char: Token | undefined, name: Token | undefined, matcher: Token | undefined): void {
    let prefix = char?.value ?? '';
    if (prefix !== this.#options.prefix) {
      this.#pending += prefix;
      prefix = '';
    }
    this.#addPending();
    this.#add(prefix, name, matcher, '', this.#takeModifier());
  }

  #addOther(char: Token | undefined): void {
    const fixed = char ?? this.#take('escaped-char');
    if (fixed !== undefined) {
      this.#pending += fixed.value;
      return;
    }
    if (this.#take('open') === undefined) {
      this.#addPending();
      this.#require('end');
      return;
    }
    const prefix = this.#takeText();
    const name = this.#take('name');
    const matcher = this.#takeMatcher(name);
    const suffix = this.#takeText();
    this.#require('close');
    this.#add(prefix, name, matcher, suffix, this.#takeModifier());
  }

  #take(type: TokenType): Token | undefined {
    const token = this.#tokens[this.#at];
    if (token?.type !== type) return undefined;
    this.#at++;
    return token;
  }

  #require(type: TokenType): void {
    if (this.#take(type) === undefined) throw new TypeError(`URLPattern: there is no ${type} at ${this.#tokens[this.#at]?.index}`);
  }

  #takeMatcher(name: Token | undefined): Token | undefined {
    return this.#take('regexp') ?? (name === undefined ? this.#take('asterisk') : undefined);
  }

  #takeModifier(): Modifier {
    return ((this.#take('other-modifier') ?? this.#take('asterisk'))?.value ?? '') as Modifier;
  }

  #takeText(): string {
    let text = '';
    for (let token = this.#takeFixed(); token !== undefined; token = this.#takeFixed()) text += token.value;
    return text;
  }

  #takeFixed(): Token | undefined {
    return this.#take('char') ?? this.#take('escaped-char');
  }

  #addPending(): void {
    if (this.#pending === '') return;
    this.#addFixed(this.#pending, '');
    this.#pending = '';
  }

  #addFixed(text: string, modifier: Modifier): void {
    this.#parts.push({ type: 'fixed-text', value: this.#encode(text), modifier, name: '', prefix: '', suffix: '' });
  }

  /** https://urlpattern.spec.whatwg.org/#add-a-part */
  #add(prefix: string, name: Token | undefined, matcher: Token | undefined, suffix: string, modifier: Modifier): void {
    if (name === undefined && matcher === undefined) {
      if (modifier === '') this.#pending += prefix;
      else {
        this.#addPending();
        if (prefix !== '') this.#addFixed(prefix, modifier);
      }
      return;
    }
    this.#addPending();
    const partName = name?.value ?? String(this.#nextName++);
    if (this.#parts.some((part) => part.name === partName)) throw new TypeError(`URLPattern: the name ${partName} is used twice`);
    this.#parts.push({ ...this.#matcherOf(matcher), modifier, name: partName, prefix: this.#encode(prefix), suffix: this.#encode(suffix) });
  }

  #matcherOf(matcher: Token | undefined): Pick<Part, 'type' | 'value'> {
    const wildcard = segmentWildcard(this.#options);
    const value = matcher === undefined ? wildcard : matcher.type === 'asterisk' ? fullWildcard : matcher.value;
    if (value === wildcard) return { type: 'segment-wildcard', value: '' };
    return value === fullWildcard ? { type: 'full-wildcard', value: '' } : { type: 'regexp', value };
  }
}
