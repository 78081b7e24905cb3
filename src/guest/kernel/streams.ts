/** The guest's ends of the streams between host and guest; see protocol/boundary.ts for the messages. */
import { HOST_CHUNK_BYTES_MAX, ToHost } from '../../protocol/boundary.ts';
import { describeError } from './describe-error.ts';
import { currentRequest, enterRequest } from './current-request.ts';
import { fixedBuffer, viewByteLength } from './fixed-buffer.ts';
import type { InboundStream, OutboundSource } from './host-calls.ts';
import { hostWorkBegins, hostWorkEnds } from './host-work.ts';
import { attachBuffer, message } from './outbox.ts';
import { PromiseConstructor, promiseThen, Uint8ArrayConstructor } from './primordials.ts';
import { Table } from './table.ts';

// Host → guest

interface Pull {
  resolve(chunk: Uint8Array<ArrayBuffer> | null): void;
  reject(error: unknown): void;
  requestId: number;
}

interface Inbound {
  pull: Pull | undefined;
}

const inbounds = new Table<Inbound>();

export function openInbound(streamId: number): InboundStream {
  const state: Inbound = { pull: undefined };
  inbounds.set(streamId, state);
  return {
    pull() {
      return new PromiseConstructor((resolve, reject) => {
        if (inbounds.get(streamId) !== state) {
          resolve(null);
          return;
        }
        const requestId = currentRequest();
        state.pull = { resolve, reject, requestId };
        hostWorkBegins(requestId);
        message(ToHost.pull, 1).number(streamId);
      });
    },
    cancel() {
      if (inbounds.get(streamId) !== state) return;
      inbounds.take(streamId);
      takePull(state)?.resolve(null);
      message(ToHost.cancel, 1).number(streamId);
    },
  };
}

export function receiveChunk(streamId: number, buffer: ArrayBuffer): void {
  settle(inbounds.get(streamId), (pull) => pull.resolve(new Uint8ArrayConstructor(buffer)));
}

export function receiveEnd(streamId: number): void {
  settle(inbounds.take(streamId), (pull) => pull.resolve(null));
}

export function receiveStreamError(streamId: number, text: string): void {
  settle(inbounds.take(streamId), (pull) => pull.reject(new TypeError(text)));
}

function settle(state: Inbound | undefined, action: (pull: Pull) => void): void {
  const pull = state === undefined ? undefined : takePull(state);
  if (pull === undefined) return;
  enterRequest(pull.requestId);
  action(pull);
}

function takePull(state: Inbound): Pull | undefined {
  const { pull } = state;
  state.pull = undefined;
  if (pull !== undefined) hostWorkEnds(pull.requestId);
  return pull;
}

// Guest → host

interface Outbound {
  readonly source: OutboundSource;
  readonly requestId: number;
  /** it was read to its end, failed, or nobody takes more of it */
  readonly onEnd: () => void;
  creditBytes: number;
  pulling: boolean;
}

const outbounds = new Table<Outbound>();
let lastOutbound = 0;

export function offerOutbound(source: OutboundSource, onEnd: () => void = () => undefined): number {
  const id = ++lastOutbound;
  outbounds.set(id, { source, requestId: currentRequest(), onEnd, creditBytes: 0, pulling: false });
  return id;
}

export function grantCredit(streamId: number, bytes: number): void {
  const state = outbounds.get(streamId);
  if (state === undefined) return;
  state.creditBytes += bytes;
  pump(streamId, state);
}

export function cancelOutbound(streamId: number, reason: unknown): void {
  const state = outbounds.take(streamId);
  if (state === undefined) return;
  enterRequest(state.requestId);
  state.onEnd();
  state.source.cancel(reason);
}

/** Takes one chunk at a time from the source for as long as the host has asked for bytes. */
function pump(streamId: number, state: Outbound): void {
  if (state.pulling || state.creditBytes <= 0) return;
  state.pulling = true;
  enterRequest(state.requestId);
  promiseThen(
    new PromiseConstructor<Uint8Array | string | null>((resolve) => resolve(state.source.pull())),
    (chunk: Uint8Array | string | null) => {
      state.pulling = false;
      if (outbounds.get(streamId) === state) deliver(streamId, state, chunk);
    },
    (error) => fail(streamId, state, error),
  );
}

function fail(streamId: number, state: Outbound, error: unknown): void {
  if (outbounds.get(streamId) !== state) return;
  outbounds.take(streamId);
  state.onEnd();
  const { name, message: text } = describeError(error);
  message(ToHost.streamError, 2).number(streamId).field(`${name}: ${text}`);
}

function deliver(streamId: number, state: Outbound, chunk: Uint8Array | string | null): void {
  try {
    if (chunk === null) {
      outbounds.take(streamId);
      state.onEnd();
      message(ToHost.end, 1).number(streamId);
      return;
    }
    if (typeof chunk === 'string') {
      state.creditBytes -= chunk.length;
      message(ToHost.textChunk, 2).number(streamId).field(chunk);
    } else {
      state.creditBytes -= sendBytes(streamId, chunk);
    }
  } catch (error) {
    fail(streamId, state, error);
    return;
  }
  pump(streamId, state);
}

function sendBytes(streamId: number, chunk: Uint8Array): number {
  const length = viewByteLength(chunk);
  for (let at = 0; at < length; at += HOST_CHUNK_BYTES_MAX) {
    const buffer = fixedBuffer(chunk, at, at + HOST_CHUNK_BYTES_MAX);
    message(ToHost.chunk, 2, 1).number(streamId).number(attachBuffer(buffer));
  }
  return length;
}
