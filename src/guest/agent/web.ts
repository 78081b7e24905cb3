import { callForBytes, runtime, type Cancellable } from './runtime.ts';

export interface WebRequest extends Cancellable {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[] | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly timeoutMs?: number | undefined;
}

const LINE_FEED = 10;

export class WebResponse {
  readonly status: number;
  /** of the last hop, when there were redirects */
  readonly url: string;
  /** names in lower case */
  readonly headers: ReadonlyMap<string, string>;
  readonly #body: Uint8Array<ArrayBuffer>;

  constructor(payload: Uint8Array<ArrayBuffer>) {
    const end = payload.indexOf(LINE_FEED);
    const head = JSON.parse(runtime.decodeText(end < 0 ? payload : payload.subarray(0, end))) as Head;
    this.status = head.status;
    this.url = head.url;
    this.headers = mergeHeaders(head.headers);
    this.#body = end < 0 ? new Uint8Array(0) : payload.slice(end + 1);
  }

  /** status 200 to 299 */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#body.slice();
  }

  async text(): Promise<string> {
    return runtime.decodeText(this.#body);
  }

  async json(): Promise<unknown> {
    return JSON.parse(runtime.decodeText(this.#body)) as unknown;
  }
}

interface Head {
  readonly status: number;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
}

function mergeHeaders(list: Head['headers']): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of list) {
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** An HTTP request, to hosts that the manifest's `network` allows. Any status resolves. */
export async function fetch(url: string | { readonly href: string }, { signal, body, headers, method, timeoutMs }: WebRequest = {}): Promise<WebResponse> {
  const head = {
    url: typeof url === 'string' ? url : url.href,
    method,
    headers: headers === undefined || Symbol.iterator in headers ? headers : Object.entries(headers),
    timeoutMs,
  };
  return new WebResponse(await callForBytes('web_fetch', head, { body, signal }));
}

/** The text at a URL. Rejects with a SyscallError `http_status` when the status is not 200 to 299. */
export async function get(url: string | { readonly href: string }, options: Cancellable & Pick<WebRequest, 'headers' | 'timeoutMs'> = {}): Promise<string> {
  const response = await fetch(url, options);
  if (!response.ok) throw new runtime.SyscallError('http_status', `GET ${response.url} was answered with status ${response.status}`);
  return response.text();
}
