/** Calls from the guest to the host that have a result. */
import { ToHost } from '../../protocol/boundary.ts';
import { assertHandling } from './clock.ts';
import { currentRequest, enterRequest } from './current-request.ts';
import { fixedBuffer } from './fixed-buffer.ts';
import type { HostCall, HostReply } from './host-calls.ts';
import { attachBuffer, message } from './outbox.ts';
import { PromiseConstructor } from './primordials.ts';
import { Table } from './table.ts';
import { DOMException } from '../webapi/dom/dom-exception.ts';

interface Pending {
  resolve(reply: HostReply): void;
  reject(error: unknown): void;
  requestId: number;
}

const pending = new Table<Pending>();
let lastCall = 0;

export function callHost(name: string, fields: readonly string[], buffers: readonly ArrayBufferView[] = []): HostCall {
  assertHandling();
  const callId = ++lastCall;
  const requestId = currentRequest();
  const copies: ArrayBuffer[] = [];
  for (let i = 0; i < buffers.length; i++) copies[i] = fixedBuffer(buffers[i]!);
  const reply = new PromiseConstructor<HostReply>((resolve, reject) => {
    pending.set(callId, { resolve, reject, requestId });
    const packer = message(ToHost.call, 5 + fields.length, copies.length).number(callId).number(requestId).field(name).number(copies.length);
    let first = 0;
    for (let i = 0; i < copies.length; i++) {
      const index = attachBuffer(copies[i]!);
      if (i === 0) first = index;
    }
    packer.number(first);
    for (let i = 0; i < fields.length; i++) packer.field(`${fields[i]!}`);
  });
  return {
    reply,
    cancel() {
      if (pending.take(callId) !== undefined) message(ToHost.cancelCall, 1).number(callId);
    },
  };
}

export function receiveReply(callId: number, reply: HostReply): void {
  const call = pending.take(callId);
  if (call === undefined) return;
  enterRequest(call.requestId);
  call.resolve(reply);
}

export function receiveReplyError(callId: number, name: string, text: string): void {
  const call = pending.take(callId);
  if (call === undefined) return;
  enterRequest(call.requestId);
  call.reject(errorNamed(name, text));
}

function errorNamed(name: string, text: string): Error {
  if (name === 'TypeError') return new TypeError(text);
  if (name === 'RangeError') return new RangeError(text);
  if (name === 'Error') return new Error(text);
  return new DOMException(text, name);
}
