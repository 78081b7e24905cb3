/** Host calls of one isolate: opened by the guest, answered through the queue. */
import type { EgressPolicy } from '../../protocol/app.ts';
import type { BindingFace } from '../../protocol/bindings/binding-kinds.ts';
import { ToGuest, type Unpacker } from '../../protocol/boundary.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { ActiveRequest } from './active-request.ts';
import type { GuestStreams } from './guest-streams.ts';
import { findHostCall, type HostCallContext, type HostCallTable } from './host-call.ts';
import { OutboundReader } from './outbound-reader.ts';
import { BUFFER_INDEX, type ToGuestQueue } from './to-guest-queue.ts';

interface CallDeskOptions {
  readonly app: string;
  readonly egress: EgressPolicy;
  readonly bindings: Readonly<Record<string, BindingFace>>;
  readonly calls: HostCallTable;
  readonly queue: ToGuestQueue;
  readonly streams: GuestStreams;
  readonly subrequestsMax: number;
  wake(): void;
  request(id: number): ActiveRequest | undefined;
  /** A host call was charged; ends the isolate when that was too much. */
  cpuExceeded(request: ActiveRequest): void;
}

interface OpenCall {
  readonly id: number;
  /** the request that pays for it and ends it; the guest may have named another, that has ended */
  readonly owner: number;
  readonly abort: AbortController;
}

export class CallDesk {
  readonly #options: CallDeskOptions;
  readonly #open = new Map<number, OpenCall>();

  constructor(options: CallDeskOptions) {
    this.#options = options;
  }

  /** Opens the call that a message of the guest asks for. Returns the request that it belongs to, when that has not ended. */
  open(unpacker: Unpacker, buffers: readonly (ArrayBuffer | undefined)[]): ActiveRequest | undefined {
    const id = unpacker.number();
    const owner = unpacker.number();
    const name = unpacker.field();
    const count = unpacker.number();
    const first = unpacker.number();
    const fields: string[] = [];
    while (unpacker.fieldsLeft > 0) fields.push(unpacker.field());
    const own = buffers.slice(first, first + count).filter((buffer) => buffer !== undefined);
    const request = this.#options.request(owner);
    if (request === undefined) this.#fail(id, owner, new TypeError('The request that this belongs to has ended'));
    else if (this.#open.size >= HOST_LIMITS.hostCallsMax || own.length !== count) this.#fail(id, owner, new TypeError('Too many calls under way'));
    else void this.#run({ id, owner: request.id, abort: new AbortController() }, request, name, fields, own);
    return request;
  }

  async #run(call: OpenCall, request: ActiveRequest, name: string, fields: string[], buffers: ArrayBuffer[]): Promise<void> {
    const handler = findHostCall(this.#options.calls, name);
    this.#open.set(call.id, call);
    const ended = (): void => call.abort.abort(request.workSignal.reason);
    const { workSignal } = request;
    workSignal.addEventListener('abort', ended, { once: true });
    try {
      if (handler === undefined) throw new TypeError(`There is no ${name} here`);
      const result = await handler(this.#context(call, request), name, fields, buffers);
      if (this.#open.get(call.id) !== call) return;
      this.#options.queue.push(ToGuest.reply, [call.id, result.buffers.length, BUFFER_INDEX, ...result.fields], call.owner, result.buffers);
      this.#options.wake();
    } catch (error) {
      if (this.#open.get(call.id) === call) this.#fail(call.id, call.owner, error);
    } finally {
      workSignal.removeEventListener('abort', ended);
      this.#open.delete(call.id);
    }
  }

  #context(call: OpenCall, request: ActiveRequest): HostCallContext {
    const { app, egress, bindings, streams, subrequestsMax } = this.#options;
    return {
      app,
      egress,
      bindings,
      requestId: request.request.requestId,
      depth: request.request.depth ?? 0,
      signal: call.abort.signal,
      countSubrequest() {
        if (++request.subrequests > subrequestsMax) throw new NanosError('subrequest_limit', `More than ${subrequestsMax} subrequests in one request`);
      },
      chargeCpu: (cpuMs) => {
        request.cpuMs += cpuMs;
        this.#options.cpuExceeded(request);
      },
      offerStream(reader) {
        try {
          call.abort.signal.throwIfAborted();
          return streams.offer(reader, call.owner);
        } catch (error) {
          reader.cancel();
          throw error;
        }
      },
      readStream(streamId) {
        call.abort.signal.throwIfAborted();
        const reader = new OutboundReader(call.owner, (bytes) => streams.grant(streamId, bytes), () => streams.cancelConsumed(streamId));
        streams.consume(streamId, reader);
        return reader;
      },
    };
  }

  #fail(id: number, owner: number, error: unknown): void {
    const { name, text } = errorForGuest(error);
    this.#options.queue.push(ToGuest.replyError, [id, name, text], owner);
    this.#options.wake();
  }

  cancel(id: number, reason: unknown = cancelled()): void {
    const call = this.#open.get(id);
    this.#open.delete(id);
    call?.abort.abort(reason);
  }

  clear(): void {
    const reason = cancelled();
    for (const id of this.#open.keys()) this.cancel(id, reason);
  }
}

function cancelled(): DOMException {
  return new DOMException('The call was cancelled', 'AbortError');
}

function errorForGuest(error: unknown): { name: string; text: string } {
  if (error instanceof NanosError) return { name: 'TypeError', text: `${error.message} (${error.code})` };
  if (error instanceof DOMException || error instanceof TypeError || error instanceof RangeError) return { name: error.name, text: error.message };
  return { name: 'TypeError', text: 'The call failed in the host' };
}
