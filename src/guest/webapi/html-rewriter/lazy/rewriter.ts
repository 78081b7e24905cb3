/** One document on its way through the handlers. */
import { decodeLatin1, encodeLatin1 } from '../../encoding/latin1.ts';
import { Comment, Doctype, DocumentEnd, Element, EndTag, escapeText, Text, type Validity } from './content-tokens.ts';
import type { DocumentHandlers, ElementHandlers, Handler } from './handlers.ts';
import { type HtmlToken, HtmlTokens } from './html-tokens.ts';
import { type Content, EndMutations, Mutations } from './mutations.ts';
import { OpenElement } from './open-element.ts';
import { StartTag } from './start-tag.ts';
import { type TextCoding, textCoding } from './text-coding.ts';

type Token<K extends HtmlToken['kind']> = Extract<HtmlToken, { kind: K }>;

const HTML = 'http://www.w3.org/1999/xhtml';
/** They have no end tag. */
const voidElements: ReadonlySet<string> = new Set('area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr'.split(' '));
/** Bytes that are tokenized before handlers run. */
const SLICE_BYTES = 32 * 1024;

const none: readonly Handler[] = [];

export class Rewriter {
  readonly #elements: readonly ElementHandlers[];
  readonly #documents: readonly DocumentHandlers[];
  readonly #coding: TextCoding;
  /** what any handler wants at all */
  readonly #wants: Readonly<Record<'text' | 'comments', boolean>>;
  readonly #tokens = new HtmlTokens();
  #open = new OpenElement(undefined, undefined, HTML);
  /** the outermost element whose content is not written */
  #removing: OpenElement | undefined;
  /** source that is not written yet, and where it begins in the document */
  #source = '';
  #base = 0;
  /** up to here everything has its place in the output or was dropped */
  #done = 0;
  /** up to here handlers have seen everything */
  #seen = 0;
  #isInText = false;
  #output = '';

  constructor(elements: readonly ElementHandlers[], documents: readonly DocumentHandlers[], charset: string | undefined) {
    this.#elements = elements;
    this.#documents = documents;
    this.#coding = textCoding(charset);
    const all = [...elements, ...documents];
    this.#wants = { text: all.some(({ text }) => text !== undefined), comments: all.some(({ comments }) => comments !== undefined) };
  }

  /** What comes out for `chunk`; with what handlers throw or reject with it rejects. */
  async write(chunk: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      const text = decodeLatin1(chunk.subarray(at, at + SLICE_BYTES));
      this.#source += text;
      await this.#handleAll(this.#tokens.write(text));
      this.#copyTo(this.#seen);
      this.#forget();
    }
    return this.#take();
  }

  async end(): Promise<Uint8Array<ArrayBuffer>> {
    await this.#handleAll(this.#tokens.end());
    await this.#endText();
    this.#copyTo(this.#base + this.#source.length);
    this.#forget();
    const mutations = new Mutations();
    await this.#run(this.#documents.map(({ end }) => end), (validity) => new DocumentEnd(validity, mutations, this.#coding));
    await this.#emit(mutations.before);
    return this.#take();
  }

  async #handleAll(tokens: readonly HtmlToken[]): Promise<void> {
    for (const token of tokens) {
      const handled = this.#handle(token);
      if (handled !== undefined) await handled;
    }
  }

  /** A promise only where there is something to wait for. */
  #handle(token: HtmlToken): Promise<void> | undefined {
    if (token.kind === 'text') return this.#text(token.end);
    if (this.#isInText) {
      const ended = this.#endText();
      if (ended !== undefined) return ended.then(() => this.#handle(token));
    }
    switch (token.kind) {
      case 'start':
        return this.#startTag(token);
      case 'end':
        return this.#endTag(token);
      case 'comment':
        return this.#comment(token);
      case 'doctype':
        return this.#doctype(token);
    }
  }

  #startTag({ start, end, name, isSelfClosing, namespace }: Token<'start'>): Promise<void> | undefined {
    const tag = new StartTag(this.#slice(start, end), name, isSelfClosing, this.#coding);
    const element = new OpenElement(this.#open, tag, namespace);
    const hasContent = namespace === HTML ? !voidElements.has(name) : !isSelfClosing;
    const matching = this.#elements.filter((handlers) => handlers.matches(element));
    this.#seen = end;
    if (hasContent) {
      element.content = matching.filter(({ text, comments }) => text !== undefined || comments !== undefined);
      this.#open = element;
    }
    const handlers = matching.flatMap((handler) => (handler.element === undefined ? [] : [handler.element]));
    return handlers.length === 0 ? undefined : this.#rewriteStart(element, tag, hasContent, handlers, start, end);
  }

  async #rewriteStart(element: OpenElement, tag: StartTag, hasContent: boolean, handlers: readonly Handler[], start: number, end: number): Promise<void> {
    const mutations = new Mutations();
    // within what is removed, everything tells that it is
    if (this.#removing !== undefined) mutations.remove();
    await this.#run(handlers, (validity) => new Element(validity, element, tag, mutations, hasContent, this.#coding));
    this.#copyTo(start);
    await this.#emitToken(mutations, tag.toString(), end);
    if (element.isContentRemoved) this.#removing ??= element;
  }

  #endTag({ start, end, name }: Token<'end'>): Promise<void> | undefined {
    this.#seen = end;
    const closed: OpenElement[] = [];
    let at: OpenElement | undefined = this.#open;
    while (at !== undefined && !at.isRoot && at.name !== name) {
      closed.push(at);
      at = at.parent;
    }
    if (at === undefined || at.isRoot) return undefined;
    closed.push(at);
    this.#open = at.parent!;
    if (closed.every((element) => element.end.isUntouched && element.end.name === undefined && element.end.handler === undefined && !element.isContentRemoved)) return undefined;
    return this.#rewriteEnd(closed, name, start, end);
  }

  /** One end tag stands for the ends of all elements that it closes. */
  async #rewriteEnd(closed: readonly OpenElement[], name: string, start: number, end: number): Promise<void> {
    const mutations = new EndMutations();
    const state = { name, isChanged: false };
    for (const element of closed) {
      const own = element.end;
      mutations.before.push(...own.before);
      mutations.after.unshift(...own.after);
      mutations.isRemoved ||= own.isRemoved;
      if (own.name !== undefined) Object.assign(state, { name: own.name, isChanged: true });
      if (own.handler !== undefined) await this.#run([own.handler], (validity) => new EndTag(validity, mutations, this.#coding, state));
    }
    this.#copyTo(start);
    if (this.#removing !== undefined && closed.includes(this.#removing)) this.#removing = undefined;
    await this.#emitToken(mutations, state.isChanged ? `</${this.#coding.encode(state.name)}>` : this.#slice(start, end), end);
  }

  #comment({ start, end, text }: Token<'comment'>): Promise<void> | undefined {
    this.#seen = end;
    const handlers = this.#contentHandlers('comments');
    return handlers.length === 0 ? undefined : this.#rewriteComment(handlers, text, start, end);
  }

  async #rewriteComment(handlers: readonly Handler[], text: string, start: number, end: number): Promise<void> {
    const mutations = new Mutations();
    const state = { text: this.#coding.decode(text), isChanged: false };
    await this.#run(handlers, (validity) => new Comment(validity, mutations, this.#coding, state));
    if (mutations.isUntouched && !state.isChanged) return;
    this.#copyTo(start);
    await this.#emitToken(mutations, state.isChanged ? `<!--${this.#coding.encode(state.text)}-->` : this.#slice(start, end), end);
  }

  async #doctype({ end, name, publicId, systemId }: Token<'doctype'>): Promise<void> {
    this.#seen = end;
    await this.#run(this.#documents.map(({ doctype }) => doctype), (validity) => new Doctype(validity, name, publicId, systemId));
  }

  /** A character whose bytes are not all there waits for the rest of the text. */
  #text(end: number): Promise<void> | undefined {
    const handlers = this.#contentHandlers('text');
    this.#isInText = true;
    if (handlers.length === 0) {
      this.#seen = end;
      return undefined;
    }
    const start = this.#seen;
    const length = this.#coding.wholeLength(this.#slice(start, end));
    return length === 0 ? undefined : this.#rewriteText(handlers, start, start + length, false);
  }

  /** The text up to here is one node; its last chunk is empty. */
  #endText(): Promise<void> | undefined {
    if (!this.#isInText) return undefined;
    this.#isInText = false;
    const handlers = this.#contentHandlers('text');
    return handlers.length === 0 ? undefined : this.#rewriteText(handlers, this.#seen, this.#seen, true);
  }

  async #rewriteText(handlers: readonly Handler[], start: number, end: number, isLast: boolean): Promise<void> {
    this.#seen = end;
    const mutations = new Mutations();
    const raw = this.#slice(start, end);
    const text = this.#coding.decode(raw);
    await this.#run(handlers, (validity) => new Text(validity, mutations, this.#coding, text, isLast));
    if (mutations.isUntouched) return;
    this.#copyTo(start);
    await this.#emitToken(mutations, raw, end);
  }

  /** Those of the document and of all open elements, each once, in the order of registration. */
  #contentHandlers(kind: 'text' | 'comments'): readonly Handler[] {
    if (!this.#wants[kind]) return none;
    const found = new Set<ElementHandlers | DocumentHandlers>(this.#documents);
    for (let element: OpenElement | undefined = this.#open; element !== undefined; element = element.parent) for (const handlers of element.content) found.add(handlers);
    const ordered = found.size > 1 ? [...found].toSorted((a, b) => a.order - b.order) : [...found];
    return ordered.flatMap((handlers) => handlers[kind] ?? []);
  }

  async #run(handlers: readonly (Handler | undefined)[], make: (validity: Validity) => object): Promise<void> {
    for (const handler of handlers) {
      if (handler === undefined) continue;
      const validity = { isOver: false };
      try {
        const result = handler(make(validity));
        if (typeof result === 'object' && result !== null) await (result as Promise<unknown>);
      } finally {
        validity.isOver = true;
      }
    }
  }

  // Output

  async #emitToken({ before, isRemoved, replacement, after }: Mutations, raw: string, end: number): Promise<void> {
    await this.#emit(before);
    await this.#emit(isRemoved ? replacement : [raw]);
    await this.#emit(after);
    this.#done = end;
  }

  async #emit(contents: readonly Content[]): Promise<void> {
    if (this.#removing !== undefined) return;
    for (const content of contents) {
      if (typeof content === 'string') this.#output += content;
      else await this.#emitStream(content);
    }
  }

  async #emitStream({ stream, isHtml }: Exclude<Content, string>): Promise<void> {
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('A stream that is inserted has a chunk that is not a Uint8Array');
      const bytes = decodeLatin1(chunk);
      this.#output += isHtml ? bytes : escapeText(bytes);
    }
  }

  #copyTo(offset: number): void {
    if (offset <= this.#done) return;
    if (this.#removing === undefined) this.#output += this.#slice(this.#done, offset);
    this.#done = offset;
  }

  #slice(start: number, end: number): string {
    return this.#source.slice(start - this.#base, end - this.#base);
  }

  #forget(): void {
    this.#source = this.#source.slice(this.#done - this.#base);
    this.#base = this.#done;
  }

  #take(): Uint8Array<ArrayBuffer> {
    const bytes = encodeLatin1(this.#output);
    this.#output = '';
    if (bytes === null) throw new TypeError('The document can not be written in its coding');
    return bytes;
  }
}
