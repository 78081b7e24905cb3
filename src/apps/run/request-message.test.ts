import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppRequest, RequestBodyStream } from '../../protocol/app-call.ts';
import { BodyKind, ToGuest } from '../../protocol/boundary.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { ActiveRequest } from './active-request.ts';
import { GuestStreams } from './guest-streams.ts';
import { requestMessage } from './request-message.ts';
import { BUFFER_INDEX, ToGuestQueue, type ToGuestMessage } from './to-guest-queue.ts';

const STREAM: RequestBodyStream = { read: () => Promise.resolve(null), cancel: () => undefined, length: undefined };

function messageOf(request: Partial<AppRequest>, streams = new GuestStreams(new ToGuestQueue(), () => undefined)): ToGuestMessage {
  const active = new ActiveRequest({ requestId: 'r', method: 'POST', url: 'http://app/', headers: ['a', '1'], body: null, ...request }, {} as never, 0);
  active.id = 7;
  return requestMessage(active, streams);
}

const bodyOf = ({ fields, buffers }: ToGuestMessage): unknown[] => [fields[3], fields[4], ...buffers.map((buffer) => Buffer.from(buffer).toString('latin1'))];

describe('requestMessage', () => {
  it('holds what the request holds, for its own request to pay', () => {
    assert.deepEqual(messageOf({}), { kind: ToGuest.request, fields: [7, 'POST', 'http://app/', BodyKind.none, '', 'a', '1'], buffers: [], owner: 7 });
  });

  it('a body of UTF-8 crosses as text; other bytes, and a byte order mark, as they are', () => {
    assert.deepEqual(bodyOf(messageOf({ body: Buffer.from('Grüße') })), [BodyKind.text, 'Grüße']);
    assert.deepEqual(bodyOf(messageOf({ body: new Uint8Array(0) })), [BodyKind.text, '']);
    assert.deepEqual(bodyOf(messageOf({ body: Buffer.from([0xff, 0x00]) })), [BodyKind.buffer, BUFFER_INDEX, '\u00ff\u0000']);
    assert.deepEqual(bodyOf(messageOf({ body: Buffer.from('\ufefftext') })), [BodyKind.buffer, BUFFER_INDEX, '\u00ef\u00bb\u00bftext']);
  });

  it('bytes of a pool cross without what is around them', () => {
    const pool = new Uint8Array([1, 0xff, 3, 4]);
    assert.deepEqual(bodyOf(messageOf({ body: pool.subarray(1, 3) })), [BodyKind.buffer, BUFFER_INDEX, '\u00ff\u0003']);
  });

  it('a body that is still coming is offered; with too many streams open the request is refused', () => {
    const streams = new GuestStreams(new ToGuestQueue(), () => undefined);
    assert.deepEqual(bodyOf(messageOf({ body: STREAM }, streams)), [BodyKind.stream, 1]);
    for (let index = 1; index < HOST_LIMITS.streamsMax; index++) streams.offer(STREAM, 7);
    assert.throws(() => messageOf({ body: STREAM }, streams), { code: 'overloaded' });
  });

  it('a cron trigger is a message of its own', () => {
    const message = messageOf({ scheduled: { cron: '* * * * *', timeMs: 60_000 } });
    assert.deepEqual(message, { kind: ToGuest.scheduled, fields: [7, '* * * * *', 60_000], buffers: [], owner: 7 });
  });
});
