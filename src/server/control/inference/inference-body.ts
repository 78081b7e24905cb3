import type { z } from 'zod';
import { NanosError } from '../../../protocol/errors.ts';
import { readBody } from '../read-body.ts';
import type { RouteContext } from '../route.ts';

/** A long conversation with everything that its tools said. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** A request's body, checked. Throws `bad_request` or `body_too_large`. */
export async function readInferenceBody<T>(context: RouteContext, schema: z.ZodType<T>): Promise<T> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of readBody(context)) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) throw new NanosError('body_too_large', `The body is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const parsed = schema.safeParse(parseJson(Buffer.concat(chunks).toString('utf8')));
  if (!parsed.success) throw new NanosError('bad_request', parsed.error.issues.map(describe).join('; '));
  return parsed.data;
}

function describe({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return `${path.length === 0 ? 'The body' : path.map(String).join('.')}: ${message}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NanosError('bad_request', 'The body is no JSON', { cause });
  }
}
