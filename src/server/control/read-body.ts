import type { IncomingMessage, ServerResponse } from 'node:http';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';

const JSON_BYTES_MAX = 64 * 1024;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * The chunks of a request's body; a client that waits for 100 (Continue) gets it now. Throws `request_timeout` when the client makes no progress, `bad_request` when it goes away half-way.
 * Leaving the loop early keeps the connection, so that an error can still be answered.
 */
export async function* readBody({ request, response }: Exchange, idleMsMax: number = HOST_LIMITS.bodyIdleMsMax): AsyncGenerator<Uint8Array> {
  if (request.headers.expect !== undefined) response.writeContinue();
  const chunks = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await inTime(chunks.next(), idleMsMax);
    if (next.done === true) return;
    yield next.value as Uint8Array;
  }
}

async function inTime(next: Promise<IteratorResult<unknown>>, idleMsMax: number): Promise<IteratorResult<unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new NanosError('request_timeout', `No part of the body arrived for ${idleMsMax} ms`)), idleMsMax);
  });
  const received = next.catch((cause: unknown) => {
    throw new NanosError('bad_request', 'The client went away before the body was complete', { cause });
  });
  try {
    return await Promise.race([received, idle]);
  } finally {
    clearTimeout(timer);
    received.catch(() => undefined);
  }
}

/** A small JSON body; undefined when it is empty. Throws `bad_request` or `body_too_large`. */
export async function readJsonBody(exchange: Exchange, bytesMax: number = JSON_BYTES_MAX): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of readBody(exchange)) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new NanosError('body_too_large', `The body is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new NanosError('bad_request', 'The body is no JSON', { cause });
  }
}
