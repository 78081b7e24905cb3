import { request, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly port?: number;
  /** undefined: a connection of its own */
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** throws unless the body is JSON */
  json(): unknown;
}

/** One HTTP request to this machine; resolves with the whole answer, rejects when the connection fails. */
export function httpRequest({ body, agent, ...options }: RequestOptions & { hostname?: string; path: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname: '127.0.0.1', ...options, agent: agent ?? false });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      buffer(response).then((bytes) => {
        const text = bytes.toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes, text, json: () => JSON.parse(text) as unknown });
      }, reject);
    });
    outgoing.end(body);
  });
}
