import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { isErrorCode, NanosError, type ErrorCode } from '../protocol/errors.ts';

const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    position: z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() }).optional(),
  }),
});

export interface ControlRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** below the control plane's URL, without a slash in front, with its query */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | AsyncIterable<Uint8Array>;
}

/** Speaks HTTP to the control plane of a running host. Every failure is a NanosError, the host's own ones as it gave them. */
export class ControlClient {
  readonly #url: URL;
  readonly #token: string | undefined;

  /** `url`: of the control plane, e.g. `http://127.0.0.1:8080` */
  constructor(url: URL, token: string | undefined) {
    this.#url = url;
    this.#token = token;
  }

  /** The answer's JSON, checked; undefined when it is empty. */
  async json<T>(request: ControlRequest, schema: z.ZodType<T>): Promise<T> {
    const body = await text(await this.#send(request)).catch((cause: unknown) => this.#unreachable(cause));
    const parsed = schema.safeParse(parseJson(body));
    if (!parsed.success) throw this.#notNanos();
    return parsed.data;
  }

  /** The answer's lines, as they come. */
  async *lines(request: ControlRequest): AsyncGenerator<string> {
    const response = await this.#send(request);
    try {
      yield* createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
    } catch (cause) {
      this.#unreachable(cause);
    }
  }

  async #send({ method, path, headers = {}, body }: ControlRequest): Promise<IncomingMessage> {
    const url = new URL(path, this.#url.href.endsWith('/') ? this.#url : `${this.#url.href}/`);
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send(url, { method, headers: { accept: 'application/json', ...authorization, ...headers } });
    const answered = once(outgoing, 'response');
    // An answer may come before the whole body was taken, and then the connection may break: the answer counts.
    outgoing.on('error', () => undefined);
    if (typeof body === 'object') pipeline(body, outgoing).catch((error: unknown) => outgoing.destroy(toError(error)));
    else outgoing.end(body);
    const [response] = (await answered.catch((cause: unknown) => this.#unreachable(cause))) as [IncomingMessage];
    if ((response.statusCode ?? 0) < 300) return response;
    const failure = await this.#failureOf(response);
    outgoing.destroy();
    throw failure;
  }

  async #failureOf(response: IncomingMessage): Promise<NanosError> {
    const parsed = errorSchema.safeParse(parseJson(await text(response).catch(() => '')));
    if (!parsed.success) return this.#notNanos(response.statusCode);
    const { code, message, position } = parsed.data.error;
    const known: ErrorCode = isErrorCode(code) ? code : 'internal';
    const hint = known === 'unauthorized' ? '. Pass it with --token or NANOS_TOKEN, or name the host’s data directory with --data' : '';
    return new NanosError(known, message + hint, { position });
  }

  #unreachable(cause: unknown): never {
    if (cause instanceof NanosError) throw cause;
    const reason = toError(cause);
    const detail = 'code' in reason && reason.code === 'ECONNREFUSED' ? 'nothing listens there' : reason.message || 'the connection failed';
    throw new NanosError('host_unreachable', `No host answers at ${this.#url.origin}: ${detail}. Start one with nanos serve, or name another with --url`, { cause });
  }

  #notNanos(status?: number): NanosError {
    const said = status === undefined ? '' : ` (status ${status})`;
    return new NanosError('host_unreachable', `What answers at ${this.#url.origin} is not the control plane of a nanos host${said}. Name it with --url`);
  }
}

function parseJson(body: string): unknown {
  try {
    return body === '' ? undefined : JSON.parse(body);
  } catch {
    return undefined;
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
