/** Calls from the guest to the host that have a result. */
import { ToHost } from '../../protocol/boundary.ts';
import { CallLane } from './call-lane.ts';
import { assertHandling } from './clock.ts';
import { currentRequest, enterRequest } from './current-request.ts';
import { fixedBuffer } from './fixed-buffer.ts';
import type { HostCall, HostReply, Lane } from './host-calls.ts';
import { hostWorkBegins, hostWorkEnds } from './host-work.ts';
import { attachBuffer, message } from './outbox.ts';
import { PromiseConstructor } from './primordials.ts';
import { isUnderWay } from './requests.ts';
import { Table } from './table.ts';
import { DOMException } from '../webapi/dom/dom-exception.ts';

interface Pending {
  resolve(reply: HostReply): void;
  reject(error: unknown): void;
  readonly requestId: number;
  readonly lane: CallLane | undefined;
}

interface Call {
  readonly id: number;
  readonly requestId: number;
  /** when the call was made */
  readonly wasUnderWay: boolean;
  readonly name: string;
  readonly fields: readonly string[];
  readonly buffers: readonly ArrayBuffer[];
}

const pending = new Table<Pending>();
const lanes: Readonly<Record<Lane, CallLane>> = { cache: new CallLane(), cipher: new CallLane(), derivation: new CallLane() };
let lastCall = 0;

export function callHost(name: string, fields: readonly string[], buffers: readonly ArrayBufferView[] = [], lane?: Lane): HostCall {
  assertHandling();
  const copies: ArrayBuffer[] = [];
  for (let i = 0; i < buffers.length; i++) copies[i] = fixedBuffer(buffers[i]!);
  const requestId = currentRequest();
  const call = { id: ++lastCall, requestId, wasUnderWay: isUnderWay(requestId), name, fields, buffers: copies };
  const reply = new PromiseConstructor<HostReply>((resolve, reject) => {
    const inLane = lane === undefined ? undefined : lanes[lane];
    pending.set(call.id, { resolve, reject, requestId, lane: inLane });
    hostWorkBegins(requestId);
    if (inLane === undefined) send(call);
    else inLane.add({ begin: () => begin(call), next: undefined });
  });
  return {
    reply,
    cancel() {
      if (lane === undefined && take(call.id) !== undefined) message(ToHost.cancelCall, 1).number(call.id);
    },
  };
}

function begin(call: Call): boolean {
  const { id, requestId, wasUnderWay } = call;
  if (!wasUnderWay || isUnderWay(requestId)) {
    send(call);
    return true;
  }
  enterRequest(requestId);
  withdraw(id)?.reject(new TypeError('The request that this belongs to has ended'));
  return false;
}

function send({ id, requestId, name, fields, buffers }: Call): void {
  const packer = message(ToHost.call, 5 + fields.length, buffers.length).number(id).number(requestId).field(name).number(buffers.length);
  let first = 0;
  for (let i = 0; i < buffers.length; i++) {
    const index = attachBuffer(buffers[i]!);
    if (i === 0) first = index;
  }
  packer.number(first);
  for (let i = 0; i < fields.length; i++) packer.field(`${fields[i]!}`);
}

function withdraw(callId: number): Pending | undefined {
  const call = pending.take(callId);
  if (call !== undefined) hostWorkEnds(call.requestId);
  return call;
}

/** Undefined: it was over before. */
function take(callId: number): Pending | undefined {
  const call = withdraw(callId);
  call?.lane?.ended();
  return call;
}

export function receiveReply(callId: number, reply: HostReply): void {
  const call = take(callId);
  if (call === undefined) return;
  enterRequest(call.requestId);
  call.resolve(reply);
}

export function receiveReplyError(callId: number, name: string, text: string): void {
  const call = take(callId);
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
