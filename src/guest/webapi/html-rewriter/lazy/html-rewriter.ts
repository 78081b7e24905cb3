/** https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/ */
import { getHeader } from '../../fetch/header-list.ts';
import { extractMimeType } from '../../fetch/mime/lazy/index.ts';
import { Body } from '../../fetch/body.ts';
import { isResponse, type Response, responseFrom, responseParts } from '../../fetch/response.ts';
import { acquireReader, type ReadableStream, readableBytes } from '../../streams/index.ts';
import { requireArguments, toDictionary, toDOMString } from '../../webidl.ts';
import type { DocumentHandlers, ElementHandlers, Handler } from './handlers.ts';
import { Rewriter } from './rewriter.ts';
import { compileSelector } from './selector.ts';

export class HTMLRewriter {
  readonly #elements: ElementHandlers[] = [];
  readonly #documents: DocumentHandlers[] = [];
  #order = 0;

  on(selector: unknown, handlers: unknown): this {
    requireArguments(arguments.length, 2, 'HTMLRewriter.on');
    const matches = compileSelector(toDOMString(selector));
    const given = toDictionary(handlers, 'ElementContentHandlers');
    this.#elements.push({ order: this.#order++, matches, comments: toHandler(given, 'comments'), element: toHandler(given, 'element'), text: toHandler(given, 'text') });
    return this;
  }

  onDocument(handlers: unknown): this {
    requireArguments(arguments.length, 1, 'HTMLRewriter.onDocument');
    const given = toDictionary(handlers, 'DocumentContentHandlers');
    this.#documents.push({
      order: this.#order++,
      comments: toHandler(given, 'comments'),
      doctype: toHandler(given, 'doctype'),
      end: toHandler(given, 'end'),
      text: toHandler(given, 'text'),
    });
    return this;
  }

  /** A response whose body is read, and rewritten, as it is asked for. */
  transform(response: unknown): Response {
    requireArguments(arguments.length, 1, 'HTMLRewriter.transform');
    if (!isResponse(response)) throw new TypeError("HTMLRewriter.transform: the argument is not of type 'Response'");
    const parts = responseParts(response);
    const stream = response.body;
    if (stream === null) return responseFrom({ ...parts, list: parts.list.slice() });
    const charset = extractMimeType(getHeader(parts.list, 'content-type'))?.parameters.get('charset');
    const body = rewrite(stream, () => new Rewriter(this.#elements.slice(), this.#documents.slice(), charset));
    return responseFrom({ ...parts, list: withoutLength(parts.list), body: new Body(null, body, null) });
  }
}

function toHandler(given: Readonly<Record<string, unknown>>, name: string): Handler | undefined {
  const handler = given[name];
  if (handler === undefined) return undefined;
  if (typeof handler !== 'function') throw new TypeError(`HTMLRewriter: the handler '${name}' is not a function`);
  return (token) => Reflect.apply(handler, given, [token]) as unknown;
}

/** The body gets another length. */
function withoutLength(list: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < list.length; i += 2) if (list[i] !== 'content-length') kept.push(list[i]!, list[i + 1]!);
  return kept;
}

function rewrite(stream: ReadableStream, start: () => Rewriter): ReadableStream {
  const reader = acquireReader(stream);
  let rewriter: Rewriter | undefined;
  let isOver = false;
  return readableBytes({
    async pull() {
      if (isOver) return null;
      try {
        rewriter ??= start();
        const { done, value } = await reader.read();
        isOver = done;
        if (done) return await rewriter.end();
        if (!(value instanceof Uint8Array)) throw new TypeError('A stream that is a body has a chunk that is not a Uint8Array');
        return await rewriter.write(value);
      } catch (error) {
        reader.cancel(error).catch(() => undefined);
        throw error;
      }
    },
    cancel(reason) {
      reader.cancel(reason).catch(() => undefined);
    },
  });
}
