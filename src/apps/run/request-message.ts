import { isUtf8 } from 'node:buffer';
import type { RequestBodyStream } from '../../protocol/app-call.ts';
import { BodyKind, ToGuest } from '../../protocol/boundary.ts';
import type { ActiveRequest } from './active-request.ts';
import type { ByteReader, GuestStreams } from './guest-streams.ts';
import { BUFFER_INDEX, type ToGuestMessage } from './to-guest-queue.ts';

/** The message that hands a request over to the guest. Its body, when that is a stream, is offered by `streams`. Throws `overloaded`. */
export function requestMessage(active: ActiveRequest, streams: GuestStreams): ToGuestMessage {
  const { id, request } = active;
  const { scheduled, body } = request;
  if (scheduled !== undefined) return { kind: ToGuest.scheduled, fields: [id, scheduled.cron, scheduled.timeMs], buffers: [], owner: id };
  const withBody = (kind: number, field: string | number, buffers: readonly ArrayBuffer[] = []): ToGuestMessage => {
    const { method, url, headers } = request;
    return { kind: ToGuest.request, fields: [id, method, url, kind, field, ...headers], buffers, owner: id };
  };
  if (body === null) return withBody(BodyKind.none, '');
  if (!(body instanceof Uint8Array)) return withBody(BodyKind.stream, streams.offer(bodyReader(body), id, true));
  const text = asText(body);
  return text === undefined ? withBody(BodyKind.buffer, BUFFER_INDEX, [new Uint8Array(body).buffer]) : withBody(BodyKind.text, text);
}

/** A body that is UTF-8 crosses as text, which is what most apps read; a byte order mark would get lost that way. */
function asText(body: Uint8Array): string | undefined {
  if (body[0] === 0xef || !isUtf8(body)) return undefined;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}

function bodyReader(body: RequestBodyStream): ByteReader {
  return { read: () => body.read(), cancel: () => body.cancel() };
}
