/** The answer of one app to another: what an HTTP client would be sent, as a reply and a stream. */
import type { ResponseHead, ResponseSink } from '../../protocol/app-call.ts';
import type { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { ByteReader } from './guest-streams.ts';
import { serviceHeadRefusal } from './service-head.ts';

export interface ServiceAnswer {
  readonly head: ResponseHead;
  readonly body: null | string | Uint8Array | ByteReader;
}

export class ServiceSink implements ResponseSink, ByteReader {
  headSent = false;
  gone = false;
  readonly answer: Promise<ServiceAnswer>;
  readonly #isBodiless: boolean;
  #resolve: (answer: ServiceAnswer) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #isOver = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;
  #drained: (() => void) | undefined;
  #goneListeners: (() => void)[] = [];

  constructor(method: string) {
    this.#isBodiless = method === 'HEAD';
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // of a call that was given up nobody waits for the answer
    this.answer.catch(() => undefined);
  }

  // The answering app's side

  respond(head: ResponseHead, body: null | string | Uint8Array): NanosError | undefined {
    if (this.gone || this.headSent) return undefined;
    const refusal = this.#check(head);
    if (refusal === undefined) this.#resolve({ head, body: this.#hasNoBody(head) ? null : body });
    return refusal;
  }

  start(head: ResponseHead): NanosError | undefined {
    if (this.gone || this.headSent) return undefined;
    const refusal = this.#check(head);
    if (refusal === undefined) this.#resolve({ head, body: this.#hasNoBody(head) ? null : this });
    if (refusal === undefined && this.#hasNoBody(head)) queueMicrotask(() => this.cancel());
    return refusal;
  }

  #check(head: ResponseHead): NanosError | undefined {
    this.headSent = true;
    const refusal = serviceHeadRefusal(head);
    if (refusal !== undefined) this.#reject(refusal);
    return refusal;
  }

  #hasNoBody({ status }: ResponseHead): boolean {
    return this.#isBodiless || status === 204 || status === 205 || status === 304;
  }

  write(chunk: Uint8Array | string): true | Promise<void> {
    if (this.gone) return Promise.reject(new TypeError('The caller takes no more'));
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.#chunks.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#wakeReader?.();
    if (this.#waitingBytes < HOST_LIMITS.streamWindowBytes / 2) return true;
    return new Promise((resolve, reject) => {
      const before = this.#drained;
      this.#drained = () => {
        before?.();
        if (this.gone) reject(new TypeError('The caller takes no more'));
        else resolve();
      };
    });
  }

  end(): void {
    this.#isOver = true;
    this.#wakeReader?.();
  }

  fail(error: NanosError): void {
    this.headSent = true;
    this.#failure = error;
    this.#reject(error);
    this.#wakeReader?.();
  }

  onClientGone(listener: () => void): void {
    if (this.gone) listener();
    else this.#goneListeners.push(listener);
  }

  // The calling app's side

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length;
        if (this.#waitingBytes === 0) this.#letWrite();
        return chunk;
      }
      if (this.#failure !== undefined) throw new TypeError(`The body ended early: ${this.#failure.message}`);
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  #letWrite(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  /** The caller has what it wants, or is gone. */
  cancel(): void {
    if (this.gone || this.#isOver || this.#failure !== undefined) return;
    this.gone = true;
    this.#isOver = true;
    this.#chunks = [];
    this.#wakeReader?.();
    this.#letWrite();
    for (const listener of this.#goneListeners) listener();
    this.#reject(new DOMException('The call was cancelled', 'AbortError'));
  }
}
