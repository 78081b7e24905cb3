/** https://fetch.spec.whatwg.org/#request-class */
import type { RedirectMode } from '../../../protocol/fetch-call.ts';
import type { AbortSignal } from '../dom/index.ts';
import { newAbortSignal, newDependentSignal } from '../dom/index.ts';
import { isReadableStream } from '../streams/index.ts';
import { URL } from '../url/index.ts';
import { requireArguments, toUSVString } from '../webidl.ts';
import type { Body } from './body.ts';
import { cloneBody, extractBody, moveBody, requireUsable } from './body.ts';
import type { BodyMixin } from './body-mixin.ts';
import { mixInBody } from './body-mixin.ts';
import type { HeaderList } from './header-list.ts';
import { fillHeaders, findHeader } from './header-list.ts';
import type { Headers } from './headers.ts';
import { headersOver } from './headers.ts';
import { isHttpToken } from './http-syntax.ts';
import { type RequestInit, toRequestInit } from './request-init.ts';
import { defaultOptions, mergeOptions } from './request-options.ts';
import { isSerializedUrl } from './serialized-url.ts';

/** What a request is made of. Only this module's users have one, so a constructor that is given one may trust it. */
export class RequestParts {
  method: string;
  url: string;
  list: HeaderList;
  body: Body | null;
  /** The headers are those of a request that came in. */
  immutable: boolean;
  /** What {@link Request.signal} follows; null when nothing can abort the request. */
  signal: (() => AbortSignal) | null = null;
  redirect: RedirectMode = 'follow';
  options = defaultOptions;
  cf: unknown = undefined;

  constructor(method: string, url: string, list: HeaderList, body: Body | null, immutable: boolean) {
    this.method = method;
    this.url = url;
    this.list = list;
    this.body = body;
    this.immutable = immutable;
  }

  copy(body: Body | null, immutable: boolean, signal: (() => AbortSignal) | null): RequestParts {
    const copy = new RequestParts(this.method, this.url, this.list.slice(), body, immutable);
    copy.signal = signal;
    copy.redirect = this.redirect;
    copy.options = this.options;
    copy.cf = this.cf;
    return copy;
  }
}

export let isRequest: (value: unknown) => value is Request;
/** Not copied */
export let requestParts: (request: Request) => RequestParts;

export class Request {
  #parts: RequestParts;
  #headers: Headers | null = null;
  #signal: AbortSignal | null = null;

  declare readonly body: BodyMixin['body'];
  declare readonly bodyUsed: BodyMixin['bodyUsed'];
  declare readonly arrayBuffer: BodyMixin['arrayBuffer'];
  declare readonly blob: BodyMixin['blob'];
  declare readonly bytes: BodyMixin['bytes'];
  declare readonly formData: BodyMixin['formData'];
  declare readonly json: BodyMixin['json'];
  declare readonly text: BodyMixin['text'];

  /** https://fetch.spec.whatwg.org/#dom-request */
  constructor(input: unknown, init: unknown = undefined) {
    if (input instanceof RequestParts) {
      this.#parts = input;
      return;
    }
    requireArguments(arguments.length, 1, 'Request constructor');
    const source = isRequest(input) ? input : toUSVString(input);
    const given = init === undefined || init === null ? null : isRequest(init) && isUntouched(init) ? init : toRequestInit(init);
    const parts = typeof source === 'string' ? new RequestParts('GET', toRequestUrl(source), [], null, false) : derive(source);
    this.#parts = parts;
    const body = given === null ? null : isRequest(given) ? applyRequest(parts, given) : applyInit(parts, given);
    const inputBody = isRequest(input) ? input.#parts.body : null;
    if ((body !== null || inputBody !== null) && (parts.method === 'GET' || parts.method === 'HEAD')) {
      throw new TypeError(`Request with method ${parts.method} can not have a body`);
    }
    if (body !== null) this.#setBody(body);
    else if (inputBody !== null) parts.body = moveBody(inputBody);
  }

  #setBody(body: Body): void {
    const { list } = this.#parts;
    this.#parts.body = body;
    if (body.type !== null && findHeader(list, 'content-type') < 0) list.push('content-type', body.type);
  }

  get method(): string {
    return this.#parts.method;
  }

  get url(): string {
    return this.#parts.url;
  }

  get headers(): Headers {
    return (this.#headers ??= headersOver(this.#parts.list, this.#parts.immutable));
  }

  get redirect(): string {
    return this.#parts.redirect;
  }

  get signal(): AbortSignal {
    const { signal } = this.#parts;
    return (this.#signal ??= signal === null ? newAbortSignal() : newDependentSignal([signal()]));
  }

  /** What the host knows of the connection; what a program gave in its init. */
  get cf(): unknown {
    return this.#parts.cf;
  }

  get destination(): string {
    return this.#parts.options.destination;
  }

  get referrer(): string {
    return this.#parts.options.referrer;
  }

  get referrerPolicy(): string {
    return this.#parts.options.referrerPolicy;
  }

  get mode(): string {
    return this.#parts.options.mode;
  }

  get credentials(): string {
    return this.#parts.options.credentials;
  }

  get cache(): string {
    return this.#parts.options.cache;
  }

  get integrity(): string {
    return this.#parts.options.integrity;
  }

  get keepalive(): boolean {
    return this.#parts.options.keepalive;
  }

  /** Of navigations, which there are none of here. */
  get isReloadNavigation(): boolean {
    return this.#parts.options.isNavigation;
  }

  get isHistoryNavigation(): boolean {
    return this.#parts.options.isNavigation;
  }

  get duplex(): string {
    return this.#parts.options.duplex;
  }

  clone(): Request {
    const parts = this.#parts;
    const body = parts.body === null ? null : cloneBody(parts.body);
    const signal = parts.signal === null ? null : () => this.signal;
    return new Request(parts.copy(body, parts.immutable, signal));
  }

  static {
    isRequest = (value): value is Request => typeof value === 'object' && value !== null && #parts in value;
    requestParts = (request) => request.#parts;
    mixInBody(this.prototype, { bodyOf: (self) => (self as Request).#parts.body, headersOf: (self) => (self as Request).#parts.list });
  }
}

/** A request with the members of another, apart from its body. */
function derive(input: Request): RequestParts {
  const parts = requestParts(input);
  return parts.copy(null, false, parts.signal === null ? null : () => input.signal);
}

/** Applies what `init` has and returns the body that it gives. */
function applyInit(parts: RequestParts, { body, cf, headers, method, redirect, signal, window, ...options }: RequestInit): Body | null {
  if (window !== undefined && window !== null) throw new TypeError('RequestInit.window can only be null');
  parts.options = mergeOptions(parts.options, options);
  if (method !== undefined) parts.method = normalizeMethod(method);
  if (parts.options.mode === 'no-cors' && !/^(?:GET|HEAD|POST)$/.test(parts.method)) throw new TypeError('RequestInit.mode no-cors goes with GET, HEAD or POST');
  if (redirect !== undefined) parts.redirect = redirect;
  if (cf !== undefined) parts.cf = cf;
  if (signal !== undefined) parts.signal = signal === null ? null : () => signal;
  if (headers !== undefined) parts.list = fillHeaders(headers);
  if (body === undefined || body === null) return null;
  if (parts.options.keepalive && isReadableStream(body)) throw new TypeError('RequestInit.keepalive does not go with a stream as the body');
  return extractBody(body);
}

/** Its accessors are those of the class, so that what they return need not be made to be read. */
function isUntouched(request: Request): boolean {
  return Object.getPrototypeOf(request) === Request.prototype && Reflect.ownKeys(request).length === 0;
}

/** A request as the init of another: https://fetch.spec.whatwg.org/#dom-request with its attributes as members. */
function applyRequest(parts: RequestParts, init: Request): Body | null {
  const { method, redirect, options, cf, list, body } = requestParts(init);
  if (body !== null) requireUsable(body);
  Object.assign(parts, { method, redirect, options, cf, list: list.slice(), signal: () => init.signal });
  return body;
}

/** Throws a TypeError for a relative URL and for one with user-info. */
function toRequestUrl(text: string): string {
  if (isSerializedUrl(text)) return text;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new TypeError('Request can not be constructed from a URL that includes credentials');
  return url.href;
}

/** https://fetch.spec.whatwg.org/#concept-method-normalize and #forbidden-method */
function normalizeMethod(method: string): string {
  if (!isHttpToken(method)) throw new TypeError('RequestInit.method is not an HTTP method');
  if (/^(?:CONNECT|TRACE|TRACK)$/i.test(method)) throw new TypeError(`RequestInit.method ${method} is forbidden`);
  return /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i.test(method) ? method.toUpperCase() : method;
}
