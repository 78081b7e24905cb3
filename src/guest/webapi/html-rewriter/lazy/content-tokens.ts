/** What handlers are given, https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/. Each is valid while its handlers run. */
import { isReadableStream } from '../../streams/index.ts';
import { decorateInterface, isObject, requireArguments, toDictionary, toDOMString } from '../../webidl.ts';
import { bodyStreamOf } from './response-body.ts';
import { type Content, EndMutations, Mutations } from './mutations.ts';
import type { OpenElement } from './open-element.ts';
import type { StartTag } from './start-tag.ts';
import type { TextCoding } from './text-coding.ts';

/** Ends with the handlers. */
export interface Validity {
  isOver: boolean;
}

function check({ isOver }: Validity): void {
  if (isOver) throw new TypeError('This content token is no longer valid. Content tokens are only valid during the execution of the relevant content handler.');
}

function toContent(coding: TextCoding, value: unknown, options: unknown): Content {
  const isHtml = Boolean(toDictionary(options, 'ContentOptions')['html']);
  const stream = isReadableStream(value) ? value : isObject(value) ? bodyStreamOf(value) : undefined;
  if (stream !== undefined) return { stream: stream as AsyncIterable<Uint8Array>, isHtml };
  const text = toDOMString(value);
  return coding.encode(isHtml ? text : escapeText(text));
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function parserError(why: string): TypeError {
  return new TypeError(`Parser error: ${why}`);
}

function checkName(name: string, what: 'tag' | 'attribute'): void {
  if (name === '') throw parserError(`${what === 'tag' ? 'Tag' : 'Attribute'} name can't be empty.`);
  if (what === 'tag' && !/^[a-z]/i.test(name)) throw parserError('The first character of the tag name should be an ASCII alphabetical character.');
  const [forbidden] = (what === 'tag' ? /[\t\n\f\r />]/ : /[\t\n\f\r />=]/).exec(name) ?? [];
  if (forbidden !== undefined) throw parserError(`\`${forbidden}\` character is forbidden in the ${what} name`);
}

export class Element {
  readonly #validity: Validity;
  readonly #element: OpenElement;
  readonly #tag: StartTag;
  readonly #start: Mutations;
  readonly #hasContent: boolean;
  readonly #coding: TextCoding;

  constructor(validity: Validity, element: OpenElement, tag: StartTag, start: Mutations, hasContent: boolean, coding: TextCoding) {
    this.#validity = validity;
    this.#element = element;
    this.#tag = tag;
    this.#start = start;
    this.#hasContent = hasContent;
    this.#coding = coding;
  }

  get tagName(): string {
    check(this.#validity);
    return this.#tag.tagName;
  }

  set tagName(value: unknown) {
    check(this.#validity);
    const name = toDOMString(value);
    checkName(name, 'tag');
    this.#tag.rename(name);
    this.#element.end.name = name;
  }

  get attributes(): AttributesIterator {
    check(this.#validity);
    return new AttributesIterator(this.#tag.entries());
  }

  get removed(): boolean {
    check(this.#validity);
    return this.#start.isRemoved;
  }

  get namespaceURI(): string {
    check(this.#validity);
    return this.#element.namespace;
  }

  getAttribute(name: unknown): string | null {
    check(this.#validity);
    return this.#tag.get(toDOMString(name).toLowerCase());
  }

  hasAttribute(name: unknown): boolean {
    check(this.#validity);
    return this.#tag.get(toDOMString(name).toLowerCase()) !== null;
  }

  setAttribute(name: unknown, value: unknown): this {
    check(this.#validity);
    requireArguments(arguments.length, 2, 'Element.setAttribute');
    const nameText = toDOMString(name).toLowerCase();
    const valueText = toDOMString(value);
    checkName(nameText, 'attribute');
    this.#tag.set(nameText, valueText);
    return this;
  }

  removeAttribute(name: unknown): this {
    check(this.#validity);
    this.#tag.delete(toDOMString(name).toLowerCase());
    return this;
  }

  before(content: unknown, options: unknown = undefined): this {
    check(this.#validity);
    this.#start.before.push(toContent(this.#coding, content, options));
    return this;
  }

  after(content: unknown, options: unknown = undefined): this {
    check(this.#validity);
    (this.#hasContent ? this.#element.end : this.#start).after.unshift(toContent(this.#coding, content, options));
    return this;
  }

  prepend(content: unknown, options: unknown = undefined): this {
    check(this.#validity);
    const piece = toContent(this.#coding, content, options);
    if (this.#hasContent) this.#start.after.unshift(piece);
    return this;
  }

  append(content: unknown, options: unknown = undefined): this {
    check(this.#validity);
    const piece = toContent(this.#coding, content, options);
    if (this.#hasContent) this.#element.end.before.push(piece);
    return this;
  }

  replace(content: unknown, options: unknown = undefined): this {
    check(this.#validity);
    this.#start.replace(toContent(this.#coding, content, options));
    this.#removeContent();
    this.#element.end.remove();
    return this;
  }

  setInnerContent(content: unknown, options: unknown = undefined): this {
    check(this.#validity);
    const piece = toContent(this.#coding, content, options);
    this.#removeContent();
    if (this.#hasContent) this.#start.after = [piece];
    return this;
  }

  remove(): this {
    check(this.#validity);
    this.#start.remove();
    this.#removeContent();
    this.#element.end.remove();
    return this;
  }

  removeAndKeepContent(): this {
    check(this.#validity);
    this.#start.remove();
    this.#element.end.remove();
    return this;
  }

  /** The last one that is set is called, with the tag that ends the element. */
  onEndTag(handler: unknown): void {
    check(this.#validity);
    if (typeof handler !== 'function') throw new TypeError('Element.onEndTag: the handler is not a function');
    if (!this.#hasContent) throw parserError('No end tag.');
    this.#element.end.handler = (tag) => Reflect.apply(handler, undefined, [tag]) as unknown;
  }

  #removeContent(): void {
    if (!this.#hasContent) return;
    this.#element.isContentRemoved = true;
    this.#start.after = [];
    this.#element.end.before = [];
  }
}

class AttributesIterator {
  readonly #entries: Iterator<[string, string]>;

  constructor(entries: [string, string][]) {
    this.#entries = entries.values();
  }

  next(): IteratorResult<[string, string]> {
    return this.#entries.next();
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** What can be done with a token that is no element. */
class Piece {
  readonly validity: Validity;
  readonly mutations: Mutations;
  readonly coding: TextCoding;

  constructor(validity: Validity, mutations: Mutations, coding: TextCoding) {
    this.validity = validity;
    this.mutations = mutations;
    this.coding = coding;
  }

  before(content: unknown, options: unknown): void {
    check(this.validity);
    this.mutations.before.push(toContent(this.coding, content, options));
  }

  after(content: unknown, options: unknown): void {
    check(this.validity);
    this.mutations.after.unshift(toContent(this.coding, content, options));
  }

  replace(content: unknown, options: unknown): void {
    check(this.validity);
    this.mutations.replace(toContent(this.coding, content, options));
  }

  remove(): void {
    check(this.validity);
    this.mutations.remove();
  }

  get isRemoved(): boolean {
    check(this.validity);
    return this.mutations.isRemoved;
  }
}

export class Comment {
  readonly #piece: Piece;
  readonly #state: { text: string; isChanged: boolean };

  constructor(validity: Validity, mutations: Mutations, coding: TextCoding, state: { text: string; isChanged: boolean }) {
    this.#piece = new Piece(validity, mutations, coding);
    this.#state = state;
  }

  get text(): string {
    check(this.#piece.validity);
    return this.#state.text;
  }

  set text(value: unknown) {
    check(this.#piece.validity);
    const text = toDOMString(value);
    if (text.includes('-->')) throw parserError("Comment text shouldn't contain a comment-closing sequence.");
    this.#state.text = text;
    this.#state.isChanged = true;
  }

  get removed(): boolean {
    return this.#piece.isRemoved;
  }

  before(content: unknown, options: unknown = undefined): this {
    this.#piece.before(content, options);
    return this;
  }

  after(content: unknown, options: unknown = undefined): this {
    this.#piece.after(content, options);
    return this;
  }

  replace(content: unknown, options: unknown = undefined): this {
    this.#piece.replace(content, options);
    return this;
  }

  remove(): this {
    this.#piece.remove();
    return this;
  }
}

export class Text {
  readonly #piece: Piece;
  readonly #text: string;
  readonly #isLast: boolean;

  constructor(validity: Validity, mutations: Mutations, coding: TextCoding, text: string, isLast: boolean) {
    this.#piece = new Piece(validity, mutations, coding);
    this.#text = text;
    this.#isLast = isLast;
  }

  get text(): string {
    check(this.#piece.validity);
    return this.#text;
  }

  get lastInTextNode(): boolean {
    check(this.#piece.validity);
    return this.#isLast;
  }

  get removed(): boolean {
    return this.#piece.isRemoved;
  }

  before(content: unknown, options: unknown = undefined): this {
    this.#piece.before(content, options);
    return this;
  }

  after(content: unknown, options: unknown = undefined): this {
    this.#piece.after(content, options);
    return this;
  }

  replace(content: unknown, options: unknown = undefined): this {
    this.#piece.replace(content, options);
    return this;
  }

  remove(): this {
    this.#piece.remove();
    return this;
  }
}

export class EndTag {
  readonly #piece: Piece;
  readonly #state: { name: string; isChanged: boolean };

  constructor(validity: Validity, mutations: EndMutations, coding: TextCoding, state: { name: string; isChanged: boolean }) {
    this.#piece = new Piece(validity, mutations, coding);
    this.#state = state;
  }

  get name(): string {
    check(this.#piece.validity);
    return this.#state.name.toLowerCase();
  }

  set name(value: unknown) {
    check(this.#piece.validity);
    const name = toDOMString(value);
    checkName(name, 'tag');
    this.#state.name = name;
    this.#state.isChanged = true;
  }

  before(content: unknown, options: unknown = undefined): this {
    this.#piece.before(content, options);
    return this;
  }

  after(content: unknown, options: unknown = undefined): this {
    this.#piece.after(content, options);
    return this;
  }

  remove(): this {
    this.#piece.remove();
    return this;
  }
}

export class Doctype {
  readonly #validity: Validity;
  readonly #ids: readonly [name: string | null, publicId: string | null, systemId: string | null];

  constructor(validity: Validity, name: string | null, publicId: string | null, systemId: string | null) {
    this.#validity = validity;
    this.#ids = [name, publicId, systemId];
  }

  get name(): string | null {
    check(this.#validity);
    return this.#ids[0];
  }

  get publicId(): string | null {
    check(this.#validity);
    return this.#ids[1];
  }

  get systemId(): string | null {
    check(this.#validity);
    return this.#ids[2];
  }
}

export class DocumentEnd {
  readonly #piece: Piece;

  constructor(validity: Validity, mutations: Mutations, coding: TextCoding) {
    this.#piece = new Piece(validity, mutations, coding);
  }

  append(content: unknown, options: unknown = undefined): this {
    this.#piece.before(content, options);
    return this;
  }
}

for (const [name, interfaceClass] of Object.entries({ Element, AttributesIterator, Comment, Text, EndTag, Doctype, DocumentEnd })) decorateInterface(name, interfaceClass);
