import { isResponse, Response } from '../../fetch/response.ts';
import type { ReadableStream } from '../../streams/index.ts';

/** The body of a Response as a stream, an empty one for none; undefined when `value` is something else. */
export function bodyStreamOf(value: object): ReadableStream | undefined {
  if (!isResponse(value)) return undefined;
  return value.body ?? (new Response('').body as ReadableStream);
}
