import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Scope } from '../../protocol/control.ts';
import type { HostControl } from '../../protocol/control.ts';
import type { Caller } from './authenticate.ts';
import type { SessionStore } from './session-store.ts';

/** What a handler gets: the request, past the checks of host, origin and scope. */
export interface RouteContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** values of the pattern's `:name` parts, decoded */
  readonly params: Readonly<Record<string, string>>;
  readonly host: HostControl;
  readonly caller: Caller;
  readonly sessions: SessionStore;
  /** for uploads that are being unpacked: below the data directory */
  readonly temporary: string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** parts of the path; `:name` takes any one part */
  readonly path: string;
  /** `open`: no token needed */
  readonly scope: Scope | 'open';
  handle(context: RouteContext): Promise<void> | void;
  /** for clients that expect errors in another form than the control API's */
  sendError?(response: ServerResponse, error: unknown, requestId: string): void;
}
