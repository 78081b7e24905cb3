import { z } from 'zod';
import { packPayload } from '../../protocol/agent/payload.ts';
import { REPLY_STATUS } from '../../protocol/agent/syscalls.ts';
import type { Reply } from './reply-source.ts';

const errorSchema = z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string(), asked: z.string().optional(), rule: z.string().optional() }) });
const payloadSchema = z.strictObject({ head: z.json(), body: z.string() });

/**
 * A reply that a person wrote, from JSON: a string is the reply's text (a file's content), `{"error": {"code", "message"}}` an error, `{"head": …, "body": "…"}` a reply of head and body (a response),
 * and anything else the reply's JSON.
 */
export function editedReply(edit: unknown): Reply {
  if (typeof edit === 'string') return { status: REPLY_STATUS.result, body: new TextEncoder().encode(edit) };
  const error = errorSchema.safeParse(edit);
  if (error.success) return { status: REPLY_STATUS.error, body: packPayload(error.data.error) };
  const payload = payloadSchema.safeParse(edit);
  if (payload.success) return { status: REPLY_STATUS.result, body: packPayload(payload.data.head, new TextEncoder().encode(payload.data.body)) };
  return { status: REPLY_STATUS.result, body: packPayload(edit) };
}
