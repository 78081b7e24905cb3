import type { AppRequest, ResponseSink } from '../../protocol/app-call.ts';
import type { ErrorCode } from '../../protocol/errors.ts';

/** One request on its way through an app. */
export class ActiveRequest {
  readonly request: AppRequest;
  readonly sink: ResponseSink;
  /** process clock (performance.now), ms */
  readonly arrivedMs: number;
  /** id inside the isolate that has it; 0 while it waits */
  id = 0;
  /** real CPU charged so far */
  cpuMs = 0;
  subrequests = 0;
  /** the response's head has been handed to the client's side, or the request has failed */
  answered = false;
  /** the response's body is complete */
  bodyDone = false;
  waitUntilPending = false;
  /** the guest is still to be told of a rejection that nobody handles, on this request's account */
  rejectionPending = false;
  /** what its answer will be counted as */
  outcome: 'ok' | ErrorCode = 'ok';
  /** last time the response made progress, ms */
  progressMs: number;
  /** for a retry on a fresh isolate: ids and charges start again */
  #work: AbortController | undefined;

  constructor(request: AppRequest, sink: ResponseSink, nowMs: number) {
    this.request = request;
    this.sink = sink;
    this.arrivedMs = nowMs;
    this.progressMs = nowMs;
  }

  /** Ends with the request: host calls and streams hang on it. */
  get workSignal(): AbortSignal {
    this.#work ??= new AbortController();
    return this.#work.signal;
  }

  endWork(): void {
    this.#work?.abort(new DOMException('The request ended', 'AbortError'));
    this.#work = undefined;
  }

  get isFinished(): boolean {
    return this.answered && this.bodyDone && !this.waitUntilPending && !this.rejectionPending;
  }
}
