import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { ActiveRequest } from './active-request.ts';
import type { ChunkConsumer } from './guest-streams.ts';

interface ResponseStreamOptions {
  /** lets the guest send that many bytes more */
  grant(bytes: number): void;
  /** the client takes no more */
  cancel(): void;
  /** the body is complete, or never will be */
  finished(): void;
}

/** Carries a tenant's response body to the client, asking for more only as fast as the client takes it. */
export class ResponseStream implements ChunkConsumer {
  readonly #active: ActiveRequest;
  readonly #options: ResponseStreamOptions;
  #takenBytes = 0;
  #blocked: Promise<void> | undefined;
  #over = false;

  constructor(active: ActiveRequest, options: ResponseStreamOptions) {
    this.#active = active;
    this.#options = options;
  }

  get owner(): number {
    return this.#active.id;
  }

  chunk(data: string | Uint8Array): void {
    if (this.#over) return;
    this.#active.progressMs = performance.now();
    const taken = this.#active.sink.write(data);
    this.#takenBytes += data.length;
    if (taken === true) this.#regrant();
    else this.#block(taken);
  }

  end(): void {
    if (this.#finish()) this.#active.sink.end();
  }

  /** The guest's stream failed, or the isolate went away. */
  error(message: string): void {
    if (this.#finish()) this.#active.sink.fail(new NanosError('app_threw', message));
  }

  #block(drained: Promise<void>): void {
    if (this.#blocked === drained) return;
    this.#blocked = drained;
    drained.then(
      () => {
        if (this.#blocked !== drained) return;
        this.#blocked = undefined;
        this.#active.progressMs = performance.now();
        this.#regrant();
      },
      () => {
        if (this.#finish()) this.#options.cancel();
      },
    );
  }

  #regrant(): void {
    if (this.#blocked !== undefined || this.#takenBytes < HOST_LIMITS.streamWindowBytes / 2) return;
    this.#options.grant(this.#takenBytes);
    this.#takenBytes = 0;
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#options.finished();
    return true;
  }
}
