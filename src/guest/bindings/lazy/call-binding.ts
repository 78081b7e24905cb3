import { unpackBindingReply } from '../../../protocol/bindings/binding-call.ts';
import type { HostCall, HostReply } from '../../kernel/host-calls.ts';
import { host } from '../../kernel/host-calls.ts';
import { type AbortSignal, addAbortAlgorithm, isAbortSignal } from '../../webapi/dom/index.ts';
import { abortableStream } from '../../webapi/fetch/abortable-stream.ts';
import { type ReadableStream, readableBytes } from '../../webapi/streams/index.ts';

/** One method of one binding. `method` is `TYPE.METHOD`, `name` the binding's in env. */
export interface BindingCall {
  readonly method: string;
  readonly name: string;
  /** crosses as JSON */
  readonly argument: unknown;
  readonly signal?: unknown;
}

/**
 * What the host answers: a value, or a stream of bytes. Rejects with an Error that has a `code`, with the signal's reason, and with a TypeError when the argument is no JSON.
 */
export async function callBinding({ method, name, argument, signal: given }: BindingCall): Promise<unknown> {
  const signal = toSignal(given);
  const text = JSON.stringify(argument) as string | undefined;
  if (text === undefined) throw new TypeError(`${method}: the argument can't be written as JSON`);
  const call = host().call(method, [name, text]);
  const { fields } = await (signal === undefined ? call.reply : abortable(call, signal));
  const reply = unpackBindingReply(fields);
  if (reply.kind === 'error') throw Object.assign(new Error(reply.message), { code: reply.code });
  return reply.kind === 'json' ? JSON.parse(reply.text) : streamOf(reply.streamId, signal);
}

function toSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isAbortSignal(value)) throw new TypeError('signal is not an AbortSignal');
  value.throwIfAborted();
  return value;
}

function abortable(call: HostCall, signal: AbortSignal): Promise<HostReply> {
  return new Promise((resolve, reject) => {
    const stopListening = addAbortAlgorithm(signal, () => {
      call.cancel();
      reject(signal.reason);
    });
    call.reply.finally(stopListening).then(resolve, reject);
  });
}

function streamOf(streamId: number, signal: AbortSignal | undefined): ReadableStream {
  const inbound = host().inbound(streamId);
  return readableBytes(signal === undefined ? inbound : abortableStream(inbound, signal));
}
