import type { AppHandler, ResponseSink, ScheduledEvent } from '../../protocol/app-call.ts';
import type { NanosError } from '../../protocol/errors.ts';

/** Runs an app's handler of scheduled events. Resolves when that is done, waitUntil apart; rejects with what a client would be told. */
export function callScheduled(app: AppHandler, event: ScheduledEvent, requestId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    app.handle({ requestId, method: 'GET', url: 'http://scheduled.invalid/', headers: [], body: null, scheduled: event }, new ScheduledSink(resolve, reject));
  });
}

/** The answer to a trigger says nothing but that its handler is done. */
class ScheduledSink implements ResponseSink {
  readonly headSent = false;
  readonly gone = false;
  readonly #resolve: () => void;
  readonly #reject: (error: NanosError) => void;

  constructor(resolve: () => void, reject: (error: NanosError) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  respond(): undefined {
    this.#resolve();
  }

  start(): undefined {
    this.#resolve();
  }

  write(): true {
    return true;
  }

  end(): void {}

  fail(error: NanosError): void {
    this.#reject(error);
  }

  /** Nobody waits for it that could leave. */
  onClientGone(): void {}
}
