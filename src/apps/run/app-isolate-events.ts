/** What an app's isolate tells of itself. */
import type { NanosError } from '../../protocol/errors.ts';
import type { ActiveRequest } from './active-request.ts';
import type { AppIsolate } from './app-isolate.ts';
import type { SlicedWork } from './host-rounds.ts';

/** Text as the guest threw it. */
export interface GuestFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Why an isolate ended, and what becomes of its requests. */
export interface IsolateEnd {
  readonly code: 'cpu_limit' | 'memory_limit' | 'app_restarted';
  readonly message: string;
  /** whose work it was, as far as can be told */
  readonly guilty: ActiveRequest | undefined;
  /** handed over, but the tenant's code never saw them */
  readonly notStarted: readonly ActiveRequest[];
  readonly started: readonly ActiveRequest[];
}

export interface AppIsolateEvents {
  /** Something waits to cross. */
  wake(): void;
  /** The guest has posted something, which is to be read. */
  posted(reader: SlicedWork): void;
  /** CPU that was used for the app outside of its turns; of a start too. */
  charged(cpuMs: number): void;
  threw(request: ActiveRequest, failure: GuestFailure): void;
  /** The response's head could not be sent; the client knows. */
  refused(request: ActiveRequest, error: NanosError): void;
  /** The response, its body and waitUntil are all done. */
  finished(request: ActiveRequest): void;
  log(level: string, request: ActiveRequest | undefined, text: string): void;
  ended(end: IsolateEnd): void;
  /** It begins to start: until it has, this is the only way to reach it. */
  starting(isolate: AppIsolate): void;
  /** Its WebAssembly memories together take more than the limit: it should be replaced. */
  outgrown(): void;
  /** It has more of them than one isolate should keep: it should be replaced when that costs nobody a request. */
  crowded(): void;
}
