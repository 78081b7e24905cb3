/**
 * What crosses for a call of a binding: the host call `TYPE.METHOD` and its reply, as lists of string fields.
 *
 * call:  the binding's name in env, its argument as JSON
 * reply: 'json', JSON · 'stream', a stream's id · 'error', code, message
 */
export type BindingReply = { readonly kind: 'json'; readonly text: string } | { readonly kind: 'stream'; readonly streamId: number } | { readonly kind: 'error'; readonly code: string; readonly message: string };

export function packBindingReply(reply: BindingReply): string[] {
  if (reply.kind === 'json') return ['json', reply.text];
  if (reply.kind === 'stream') return ['stream', `${reply.streamId}`];
  return ['error', reply.code, reply.message];
}

/** Throws a RangeError on anything that {@link packBindingReply} can't have made. */
export function unpackBindingReply([kind, first, second]: readonly string[]): BindingReply {
  if (kind === 'json' && first !== undefined) return { kind, text: first };
  if (kind === 'stream' && first !== undefined && /^\d{1,15}$/.test(first)) return { kind, streamId: Number(first) };
  if (kind === 'error' && first !== undefined && second !== undefined) return { kind, code: first, message: second };
  throw new RangeError("Fields are not those of a binding's reply");
}
