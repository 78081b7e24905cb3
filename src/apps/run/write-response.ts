import type { ResponseHead, ResponseSink } from '../../protocol/app-call.ts';
import type { NanosError } from '../../protocol/errors.ts';
import type { ActiveRequest } from './active-request.ts';
import type { GuestStreams } from './guest-streams.ts';
import { ResponseStream } from './response-stream.ts';

/** What a guest answers with: nothing, all of it, or a stream that it offers. */
export type GuestBody = null | string | Uint8Array | { readonly streamId: number };

/**
 * Hands a guest's answer over to the client's side. A stream goes on after that: `ended` is called when it is over. Returns why the answer can't
 * be sent, if so; then the client knows. Throws a RangeError on a stream that is being read already.
 */
export function writeResponse(active: ActiveRequest, head: ResponseHead, body: GuestBody, streams: GuestStreams, ended: () => void): NanosError | undefined {
  if (body !== null && typeof body === 'object' && 'streamId' in body) return writeStream(active, head, body.streamId, streams, ended);
  active.bodyDone = true;
  return active.sink.respond(head, body);
}

function writeStream(active: ActiveRequest, head: ResponseHead, streamId: number, streams: GuestStreams, ended: () => void): NanosError | undefined {
  const finished = (): void => {
    active.bodyDone = true;
    ended();
  };
  const refusal = start(active.sink, head, streams);
  if (refusal === undefined) {
    const grant = (bytes: number): void => streams.grant(streamId, bytes);
    streams.consume(streamId, new ResponseStream(active, { grant, cancel: () => streams.cancelConsumed(streamId), finished }));
    return undefined;
  }
  active.bodyDone = true;
  streams.decline(streamId, active.id);
  return refusal;
}

function start(sink: ResponseSink, head: ResponseHead, streams: GuestStreams): NanosError | undefined {
  const refusal = streams.consumeRefusal();
  if (refusal === undefined) return sink.start(head);
  sink.fail(refusal);
  return refusal;
}
