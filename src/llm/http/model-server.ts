import { NanosError, type ErrorCode } from '../../protocol/errors.ts';
import { SecretMask } from '../../util/secret-mask.ts';
import type { ModelHttp, ModelHttpResponse } from './model-http.ts';

const CALL_MS_MAX = 600_000;
const ERROR_BYTES_MAX = 64 * 1024;
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const MESSAGE_CHARACTERS_MAX = 500;

export interface ModelServerOptions {
  readonly http: ModelHttp;
  /** with its path, without a slash at the end; the paths of calls are put behind it */
  readonly url: string;
  /** undefined: none is sent */
  readonly key: string | undefined;
  /** of one call */
  readonly callMsMax?: number | undefined;
}

/** A server of models as its drivers see it: JSON goes in, and a body that can be read, or a NanosError, comes out. The key stands in no error. */
export class ModelServer {
  readonly #options: ModelServerOptions;
  readonly #mask: SecretMask;

  constructor(options: ModelServerOptions) {
    this.#options = options;
    this.#mask = new SecretMask(options.key === undefined ? [] : [options.key]);
  }

  /** @param describe the message in an error's body, in the server's own form */
  async *post(path: string, body: object, signal: AbortSignal, describe: (body: unknown) => string | undefined): AsyncGenerator<Uint8Array, void> {
    const callMsMax = this.#options.callMsMax ?? CALL_MS_MAX;
    const limit = AbortSignal.timeout(callMsMax);
    try {
      const response = await this.#send(path, body, AbortSignal.any([signal, limit]));
      if (response.status !== 200) throw await this.#refusal(response, describe);
      yield* response.body;
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) throw new NanosError('model_timeout', `${this.#options.url} did not finish within ${callMsMax} ms`, { cause: error });
      if (error instanceof NanosError) throw error;
      throw this.error('model_unreachable', `can not be reached: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }

  /** The whole body as JSON. */
  async json(path: string, body: object, signal: AbortSignal, describe: (body: unknown) => string | undefined): Promise<unknown> {
    const text = await readText(this.post(path, body, signal, describe), BODY_BYTES_MAX);
    return this.parse(text);
  }

  parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.error('model_failed', 'answered with something that is no JSON', cause);
    }
  }

  /** @param what follows the server's URL */
  error(code: ErrorCode, what: string, cause?: unknown, retryAfterS?: number): NanosError {
    return new NanosError(code, this.#mask.text(`${this.#options.url} ${what}`), { cause, retryAfterS });
  }

  #send(path: string, body: object, signal: AbortSignal): Promise<ModelHttpResponse> {
    const { http, url, key } = this.#options;
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return http({ url: `${url}${path}`, headers: { 'content-type': 'application/json', ...authorization }, body: JSON.stringify(body), signal });
  }

  async #refusal(response: ModelHttpResponse, describe: (body: unknown) => string | undefined): Promise<NanosError> {
    const { status, retryAfterS } = response;
    const text = await readText(response.body, ERROR_BYTES_MAX);
    const message = (describeText(text, describe) ?? text.trim()).slice(0, MESSAGE_CHARACTERS_MAX);
    const said = message === '' ? '' : `: ${message}`;
    if (status === 401 || status === 403) return this.error('model_key_refused', `refused the key (status ${status})${said}. Check api_key`);
    if (status === 404) return this.error('model_missing', `does not have this model (status 404)${said}. Check api_url and model_name`);
    if (status === 429) return this.error('overloaded', `takes no more calls now (status 429)${said}`, undefined, retryAfterS);
    if (isOverflow(message)) return this.error('context_overflow', `says that the prompt is too long${said}`);
    if (status >= 400 && status < 500) return this.error('model_unsupported', `refused the call (status ${status})${said}`);
    return this.error('model_failed', `failed (status ${status})${said}`);
  }
}

function describeText(text: string, describe: (body: unknown) => string | undefined): string | undefined {
  try {
    return describe(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** OpenAI's, llama.cpp's, vLLM's and our own words for it. */
function isOverflow(message: string): boolean {
  return /context.{0,20}(?:length|size|window|overflow)|has a context of \d+|too many tokens/i.test(message);
}

async function readText(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new NanosError('model_failed', `The model's server answered with more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
