import type { AppHandler, AppRequest, ResponseSink } from '../protocol/app-call.ts';
import type { NanosError } from '../protocol/errors.ts';

/** Stands in for an app that is being built, or could not be. */
export class RefusedApp implements AppHandler {
  readonly edge = { bodyBytesMax: 0, dev: false };
  readonly #error: NanosError;

  constructor(error: NanosError) {
    this.#error = error;
  }

  handle(_request: AppRequest, sink: ResponseSink): void {
    sink.fail(this.#error);
  }
}
