import type { AppHandler, AppRequest, ResponseSink } from '../protocol/app-call.ts';
import type { NanosError } from '../protocol/errors.ts';

/** Stands in for an app that is being built, or could not be. */
export class RefusedApp implements AppHandler {
  /** It takes no body, however long: the error is what the client should see. */
  readonly edge = { bodyBytesMax: Number.MAX_SAFE_INTEGER, dev: false };
  readonly port: number | undefined;
  readonly #error: NanosError;

  constructor(error: NanosError, port: number | undefined) {
    this.port = port;
    this.#error = error;
  }

  handle(_request: AppRequest, sink: ResponseSink): void {
    sink.fail(this.#error);
  }
}
