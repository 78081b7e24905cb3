/** https://fetch.spec.whatwg.org/#response-class */
import { URL } from '../url/index.ts';
import { requireArguments, toByteString, toDictionary, toInteger, toUSVString } from '../webidl.ts';
import { Body, cloneBody, extractBody, toBodyInit } from './body.ts';
import type { BodyMixin } from './body-mixin.ts';
import { mixInBody } from './body-mixin.ts';
import type { HeaderList, HeadersInit } from './header-list.ts';
import { fillHeaders, findHeader, toHeadersInit } from './header-list.ts';
import type { Headers } from './headers.ts';
import { headersOver } from './headers.ts';

/** What only responses have that a program did not construct itself. */
interface ResponseOrigin {
  readonly type: 'default' | 'basic' | 'error';
  /** without fragment */
  readonly url: string;
  readonly redirected: boolean;
  readonly immutable: boolean;
}

const constructed: ResponseOrigin = { type: 'default', url: '', redirected: false, immutable: false };
const unavailable: ResponseOrigin = { type: 'error', url: '', redirected: false, immutable: true };
const redirection: ResponseOrigin = { type: 'default', url: '', redirected: false, immutable: true };

interface ResponseParts {
  status: number;
  statusText: string;
  list: HeaderList;
  body: Body | null;
  origin: ResponseOrigin;
}

/** https://httpwg.org/specs/rfc9112.html#status.line */
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]*$/;

export let isResponse: (value: unknown) => value is Response;
/** A response as it is given, unchecked. */
export let responseFrom: (parts: ResponseParts) => Response;
/** What a response is made of, not copied. */
export let responseParts: (response: Response) => ResponseParts;

export class Response {
  #status = 200;
  #statusText = '';
  #list: HeaderList = [];
  #headers: Headers | null = null;
  #body: Body | null = null;
  #origin = constructed;

  declare readonly body: BodyMixin['body'];
  declare readonly bodyUsed: BodyMixin['bodyUsed'];
  declare readonly arrayBuffer: BodyMixin['arrayBuffer'];
  declare readonly blob: BodyMixin['blob'];
  declare readonly bytes: BodyMixin['bytes'];
  declare readonly formData: BodyMixin['formData'];
  declare readonly json: BodyMixin['json'];
  declare readonly text: BodyMixin['text'];

  constructor(body: unknown = null, init: unknown = undefined) {
    const hasBody = body !== null && body !== undefined;
    const hasInit = init !== null && init !== undefined;
    const given = hasBody && hasInit ? toBodyInit(body) : body;
    const converted = hasInit ? toResponseInit(init) : null;
    this.#initialize(converted, hasBody ? extractBody(given) : null);
  }

  /** https://fetch.spec.whatwg.org/#initialize-a-response */
  #initialize(init: ResponseInit | null, body: Body | null): void {
    if (init !== null) {
      this.#status = checkStatus(init.status);
      this.#statusText = checkStatusText(init.statusText);
      if (init.headers !== undefined) this.#list = fillHeaders(init.headers);
    }
    if (body === null) return;
    if (isNullBodyStatus(this.#status)) throw new TypeError(`Response with status ${this.#status} can not have a body`);
    this.#body = body;
    if (body.type !== null && findHeader(this.#list, 'content-type') < 0) this.#list.push('content-type', body.type);
  }

  static error(): Response {
    return responseFrom({ status: 0, statusText: '', list: [], body: null, origin: unavailable });
  }

  static json(data: unknown, init: unknown = undefined): Response {
    requireArguments(arguments.length, 1, 'Response.json');
    const converted = toResponseInit(init);
    const text = JSON.stringify(data) as string | undefined;
    if (text === undefined) throw new TypeError('Response.json: data can not be serialized to JSON');
    const response = new Response();
    response.#initialize(converted, new Body(text, null, 'application/json'));
    return response;
  }

  static redirect(url: unknown, status: unknown = 302): Response {
    requireArguments(arguments.length, 1, 'Response.redirect');
    const target = toUSVString(url);
    const code = toInteger(status, 16, false);
    const location = new URL(target).href;
    if (!(code === 301 || code === 302 || code === 303 || code === 307 || code === 308)) {
      throw new RangeError(`Response.redirect: ${code} is not a redirect status`);
    }
    return responseFrom({ status: code, statusText: '', list: ['location', location], body: null, origin: redirection });
  }

  get type(): string {
    return this.#origin.type;
  }

  get url(): string {
    return this.#origin.url;
  }

  get redirected(): boolean {
    return this.#origin.redirected;
  }

  get status(): number {
    return this.#status;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get headers(): Headers {
    return (this.#headers ??= headersOver(this.#list, this.#origin.immutable));
  }

  clone(): Response {
    const body = this.#body === null ? null : cloneBody(this.#body);
    return responseFrom({ status: this.#status, statusText: this.#statusText, list: this.#list.slice(), body, origin: this.#origin });
  }

  static {
    isResponse = (value): value is Response => typeof value === 'object' && value !== null && #list in value;
    responseFrom = ({ status, statusText, list, body, origin }) => {
      const response = new Response();
      response.#status = status;
      response.#statusText = statusText;
      response.#list = list;
      response.#body = body;
      response.#origin = origin;
      return response;
    };
    responseParts = (response) => ({
      status: response.#status,
      statusText: response.#statusText,
      list: response.#list,
      body: response.#body,
      origin: response.#origin,
    });
    mixInBody(this.prototype, { bodyOf: (self) => (self as Response).#body, headersOf: (self) => (self as Response).#list });
  }
}

interface ResponseInit {
  readonly headers: HeadersInit | undefined;
  readonly status: number;
  readonly statusText: string;
}

/** Each member is read and converted before the next one. */
function toResponseInit(value: unknown): ResponseInit {
  const given = toDictionary(value, 'ResponseInit');
  const { headers } = given;
  const pairs = headers === undefined ? undefined : toHeadersInit(headers);
  const { status = 200 } = given;
  const code = toStatusCode(status);
  const { statusText = '' } = given;
  return { headers: pairs, status: code, statusText: toByteString(statusText) };
}

function toStatusCode(value: unknown): number {
  return typeof value === 'number' && value === value >>> 0 && value < 65_536 ? value : toInteger(value, 16, false);
}

function checkStatus(status: number): number {
  if (status < 200 || status > 599) throw new RangeError(`Response status ${status} is outside the range of 200 to 599`);
  return status;
}

function checkStatusText(text: string): string {
  if (!reasonPhrase.test(text)) throw new TypeError('Response statusText has a character that a status line can not hold');
  return text;
}

/** https://fetch.spec.whatwg.org/#null-body-status */
export function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 304 || status === 205 || status === 101 || status === 103;
}
