/**
 * The tokens of a document that comes in pieces, https://html.spec.whatwg.org/#tokenization, with as much of the tree construction as decides how
 * text is read. Text is skipped over, not walked through: a page is mostly text, and time is the app's.
 */
export type HtmlToken =
  | { readonly kind: 'text'; readonly end: number }
  | { readonly kind: 'start'; readonly start: number; readonly end: number; readonly name: string; readonly isSelfClosing: boolean; readonly namespace: string }
  | { readonly kind: 'end'; readonly start: number; readonly end: number; readonly name: string }
  | { readonly kind: 'comment'; readonly start: number; readonly end: number; readonly text: string }
  | { readonly kind: 'doctype'; readonly start: number; readonly end: number; readonly name: string | null; readonly publicId: string | null; readonly systemId: string | null };

const HTML = 'http://www.w3.org/1999/xhtml';
const SVG = 'http://www.w3.org/2000/svg';
const MATHML = 'http://www.w3.org/1998/Math/MathML';

/** Elements whose content is text up to their own end tag. */
const textElements: ReadonlySet<string> = new Set(['textarea', 'title', 'script', 'style', 'iframe', 'xmp', 'noembed', 'noframes', 'noscript']);

/** HTML content again inside of these, https://html.spec.whatwg.org/#html-integration-point */
const integrationPoints: Readonly<Record<string, readonly string[]>> = {
  [SVG]: ['foreignobject', 'desc', 'title'],
  [MATHML]: ['mi', 'mo', 'mn', 'ms', 'mtext', 'annotation-xml'],
};

const tagName = /<\/?([a-z][^\t\n\f\r />]*)/iy;
/** One attribute with what stands before it; a quoted value must be whole. The look-aheads keep it from taking less than there is. */
const attribute =
  /[\t\n\f\r /]*(?:=?[^\t\n\f\r /=>]+(?![^\t\n\f\r /=>])|=(?![^\t\n\f\r /=>]))(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"[^"]*"|'[^']*'|(?![\t\n\f\r "'])[^\t\n\f\r >]*)|(?![\t\n\f\r ]*=))/y;
const tagEnd = /[\t\n\f\r /]*>/y;
const quoted = `(?:"([^">]*)"?|'([^'>]*)'?)`;
const doctypeIds = new RegExp(`^<!doctype[\\t\\n\\f\\r ]*([^\\t\\n\\f\\r >]*)[\\t\\n\\f\\r ]*(?:public[\\t\\n\\f\\r ]*${quoted}[\\t\\n\\f\\r ]*${quoted}?|system[\\t\\n\\f\\r ]*${quoted})?`, 'i');
const scriptMark = /<!--|-->|<(\/?)script(?=[\t\n\f\r />])/gi;
/** What {@link scriptMark} needs to see at once. */
const SCRIPT_MARK_LENGTH = 9;

const AMPLE = 'the end of the input can still change this';
type Waiting = typeof AMPLE;

export class HtmlTokens {
  /** what no token was made of yet, and where that begins in the document */
  #text = '';
  #base = 0;
  #at = 0;
  #isLast = false;
  #tokens: HtmlToken[] = [];
  /** the element whose end tag alone ends text; 'plaintext' has none */
  #textElement: string | undefined;
  /** https://html.spec.whatwg.org/#script-data-escaped-state and the double-escaped one */
  #scriptState: 'plain' | 'escaped' | 'double' = 'plain';
  /** namespaces that were entered, innermost last, with the element that did */
  readonly #namespaces: { readonly name: string; readonly namespace: string }[] = [];

  /** Offsets of tokens count from the document's start. */
  write(text: string): HtmlToken[] {
    this.#text += text;
    return this.#run();
  }

  /** A tag that is not complete is no token. */
  end(): HtmlToken[] {
    this.#isLast = true;
    return this.#run();
  }

  #run(): HtmlToken[] {
    while (this.#at < this.#text.length && this.#step() !== AMPLE);
    this.#text = this.#text.slice(this.#at);
    this.#base += this.#at;
    this.#at = 0;
    const tokens = this.#tokens;
    this.#tokens = [];
    return tokens;
  }

  #step(): Waiting | undefined {
    if (this.#textElement !== undefined) return this.#textContent(this.#textElement);
    const at = this.#text.indexOf('<', this.#at);
    this.#takeText(at < 0 ? this.#text.length : at);
    return at < 0 ? undefined : this.#markup(this.#text.charAt(at + 1), this.#text.charAt(at + 2));
  }

  #markup(next: string, second: string): Waiting | undefined {
    if (isLetter(next)) return this.#tag('start');
    if (next === '/') {
      if (isLetter(second)) return this.#tag('end');
      if (second === '') return this.#wait(2);
      return second === '>' ? this.#takeText(this.#at + 3) : this.#bogusComment(2);
    }
    if (next === '!') return this.#declaration();
    if (next === '?') return this.#bogusComment(1);
    return next === '' ? this.#wait(1) : this.#takeText(this.#at + 1);
  }

  /** More input must come; at the end of it what is there is text. */
  #wait(length: number): Waiting | undefined {
    return this.#isLast ? this.#takeText(this.#at + length) : AMPLE;
  }

  #takeText(end: number): undefined {
    if (end <= this.#at) return;
    this.#at = end;
    if (this.#tokens.at(-1)?.kind === 'text') this.#tokens.pop();
    this.#tokens.push({ kind: 'text', end: this.#base + end });
  }

  #span(end: number): { start: number; end: number } {
    const start = this.#base + this.#at;
    this.#at = end;
    return { start, end: this.#base + end };
  }

  // Tags

  #tag(kind: 'start' | 'end'): Waiting | undefined {
    tagName.lastIndex = this.#at;
    const name = asciiLower(tagName.exec(this.#text)?.[1] ?? '');
    const end = this.#endOfTag(tagName.lastIndex);
    if (end === undefined) {
      if (this.#isLast) this.#at = this.#text.length;
      return AMPLE;
    }
    const isSelfClosing = this.#isSelfClosing(end);
    if (kind === 'start') this.#startTag(name, isSelfClosing, this.#span(end));
    else {
      this.#leave(name);
      this.#tokens.push({ kind, ...this.#span(end), name });
    }
    return undefined;
  }

  #endOfTag(from: number): number | undefined {
    let at = from;
    while (at < this.#text.length) {
      tagEnd.lastIndex = at;
      if (tagEnd.test(this.#text)) return tagEnd.lastIndex;
      attribute.lastIndex = at;
      if (!attribute.test(this.#text)) return undefined;
      at = attribute.lastIndex;
    }
    return undefined;
  }

  /** A slash before the end that is not the end of a value. */
  #isSelfClosing(end: number): boolean {
    if (this.#text.charAt(end - 2) !== '/') return false;
    tagName.lastIndex = this.#at;
    tagName.test(this.#text);
    let at = tagName.lastIndex;
    for (;;) {
      tagEnd.lastIndex = at;
      if (tagEnd.test(this.#text)) return end - 2 >= at;
      attribute.lastIndex = at;
      attribute.test(this.#text);
      at = attribute.lastIndex;
    }
  }

  #startTag(name: string, isSelfClosing: boolean, span: { start: number; end: number }): void {
    const outer = this.#namespace();
    const namespace = name === 'svg' ? SVG : name === 'math' ? MATHML : outer;
    this.#tokens.push({ kind: 'start', ...span, name, isSelfClosing, namespace });
    if (namespace === HTML) {
      if (textElements.has(name) || name === 'plaintext') this.#textElement = name;
      this.#scriptState = 'plain';
    } else if (!isSelfClosing) {
      if (name === 'svg' || name === 'math') this.#namespaces.push({ name, namespace });
      else if (integrationPoints[namespace]?.includes(name) === true) this.#namespaces.push({ name, namespace: HTML });
    }
  }

  #namespace(): string {
    return this.#namespaces.at(-1)?.namespace ?? HTML;
  }

  #leave(name: string): void {
    const index = this.#namespaces.findLastIndex((entered) => entered.name === name);
    if (index >= 0) this.#namespaces.length = index;
  }

  // Declarations and comments

  #declaration(): Waiting | undefined {
    const head = this.#text.slice(this.#at, this.#at + 9);
    if (head.startsWith('<!--')) return this.#comment();
    if (head.toLowerCase() === '<!doctype') return this.#doctype();
    if (head === '<![CDATA[' && this.#namespace() !== HTML) return this.#cdata();
    const isPrefix = '<!--'.startsWith(head) || '<!doctype'.startsWith(head.toLowerCase()) || '<![CDATA['.startsWith(head);
    return isPrefix && !this.#isLast ? AMPLE : this.#bogusComment(2);
  }

  #comment(): Waiting | undefined {
    const start = this.#at + 4;
    const abrupt = /^-?>/.exec(this.#text.slice(start, start + 2));
    if (abrupt !== null) return this.#takeComment(start, start, start + abrupt[0].length);
    if (!this.#isLast && this.#text.length < start + 2) return AMPLE;
    const closing = /--!?>/g;
    closing.lastIndex = start;
    const match = closing.exec(this.#text);
    if (match !== null) return this.#takeComment(start, match.index, closing.lastIndex);
    if (!this.#isLast) return AMPLE;
    const { length } = this.#text;
    return this.#takeComment(start, Math.max(start, length - (/(?:--!?|-)$/.exec(this.#text)?.[0].length ?? 0)), length);
  }

  #bogusComment(headLength: number): Waiting | undefined {
    const end = this.#text.indexOf('>', this.#at);
    if (end < 0 && !this.#isLast) return AMPLE;
    return end < 0 ? this.#takeComment(this.#at + headLength, this.#text.length, this.#text.length) : this.#takeComment(this.#at + headLength, end, end + 1);
  }

  #takeComment(textStart: number, textEnd: number, end: number): undefined {
    const text = this.#text.slice(textStart, textEnd);
    this.#tokens.push({ kind: 'comment', ...this.#span(end), text });
  }

  #doctype(): Waiting | undefined {
    const closing = this.#text.indexOf('>', this.#at);
    if (closing < 0 && !this.#isLast) return AMPLE;
    const end = closing < 0 ? this.#text.length : closing + 1;
    const [, name = '', ...ids] = doctypeIds.exec(this.#text.slice(this.#at, end)) ?? [];
    const publicId = ids[0] ?? ids[1] ?? null;
    const systemId = ids[2] ?? ids[3] ?? ids[4] ?? ids[5] ?? null;
    this.#tokens.push({ kind: 'doctype', ...this.#span(end), name: name === '' ? null : asciiLower(name), publicId, systemId });
    return undefined;
  }

  #cdata(): Waiting | undefined {
    const end = this.#text.indexOf(']]>', this.#at);
    if (end < 0 && !this.#isLast) return AMPLE;
    return this.#takeText(end < 0 ? this.#text.length : end + 3);
  }

  // Text up to an end tag

  #textContent(name: string): Waiting | undefined {
    if (name === 'plaintext') return this.#takeText(this.#text.length);
    const end = name === 'script' ? this.#endOfScript() : this.#endOfText(name);
    if (end !== undefined) {
      this.#takeText(end);
      this.#textElement = undefined;
      return undefined;
    }
    const held = this.#isLast ? this.#text.length : Math.max(this.#at, this.#text.length - Math.max(name.length + 2, SCRIPT_MARK_LENGTH));
    const candidate = /[<-]/.exec(this.#text.slice(held));
    this.#takeText(candidate === null ? this.#text.length : held + candidate.index);
    return AMPLE;
  }

  #endOfText(name: string): number | undefined {
    const closing = new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi');
    closing.lastIndex = this.#at;
    return closing.exec(this.#text)?.index;
  }

  #endOfScript(): number | undefined {
    scriptMark.lastIndex = this.#at;
    for (let match = scriptMark.exec(this.#text); match !== null; match = scriptMark.exec(this.#text)) {
      const state = this.#scriptState;
      const [mark, slash] = match;
      if (mark === '-->') this.#scriptState = 'plain';
      else if (mark === '<!--') {
        if (state === 'plain') this.#scriptState = 'escaped';
        // its dashes may be those of the end
        scriptMark.lastIndex -= 2;
      } else if (slash === '/') {
        if (state !== 'double') return match.index;
        this.#scriptState = 'escaped';
      } else if (state === 'escaped') this.#scriptState = 'double';
      // seen once: the state has changed
      this.#takeText(scriptMark.lastIndex);
    }
    return undefined;
  }
}

function isLetter(character: string): boolean {
  return /^[a-z]$/i.test(character);
}

function asciiLower(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
