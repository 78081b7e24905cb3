import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { authenticate, checkScope, type Caller } from './authenticate.ts';
import { allowedHostSet, checkHost, checkOrigin } from './check-origin.ts';
import { isLoopback } from './is-loopback.ts';
import type { HostControl } from '../../protocol/control.ts';
import type { Route } from './route.ts';
import { RouteTable } from './route-table.ts';
import { appRoutes } from './routes/app-routes.ts';
import { healthRoutes } from './routes/health-routes.ts';
import { logRoutes } from './routes/log-routes.ts';
import { metricsRoutes } from './routes/metrics-routes.ts';
import { ollamaRoutes } from './routes/ollama-routes.ts';
import { openaiRoutes } from './routes/openai-routes.ts';
import { reloadRoutes } from './routes/reload-routes.ts';
import { runRoutes } from './routes/run-routes.ts';
import { sessionRoutes } from './routes/session-routes.ts';
import { statusPageRoutes } from './routes/status-page-routes.ts';
import { statusRoutes } from './routes/status-routes.ts';
import { uploadRoutes } from './routes/upload-routes.ts';
import { refuseMalformed } from './refuse-malformed.ts';
import { sendError } from './send.ts';
import type { SessionStore } from './session-store.ts';
import type { TokenStore } from './token-store.ts';

export interface ControlServerOptions {
  readonly tokens: TokenStore;
  readonly sessions: SessionStore;
  /** Host names besides localhost and its addresses: the bound one, and the operator's `allowed_hosts` */
  readonly allowedHosts: readonly string[];
  /** false: everybody who reaches the port over the loopback interface may do everything */
  readonly auth: boolean;
  readonly dataDir: string;
  /** told of what is answered with `internal`, which shows no detail to the client */
  readonly onError?: (error: unknown, requestId: string) => void;
}

const ROUTES = [
  ...healthRoutes,
  ...metricsRoutes,
  ...appRoutes,
  ...uploadRoutes,
  ...reloadRoutes,
  ...logRoutes,
  ...runRoutes,
  ...statusRoutes,
  ...sessionRoutes,
  ...statusPageRoutes,
  ...openaiRoutes,
  ...ollamaRoutes,
];

const SERVER_OPTIONS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: HOST_LIMITS.headersMsMax,
  // Each part of a body has its own limit in readBody; a large upload over a slow line may take long.
  requestTimeout: 0,
  keepAliveTimeout: HOST_LIMITS.keepAliveMsMax,
  insecureHTTPParser: false,
} as const satisfies ServerOptions;

const EVERYTHING: Caller = { scope: 'admin', viaCookie: false };
/** A request whose body is refused is read on for this long, so that the client gets to see the answer. */
const LINGER_MS_MAX = 2_000;

/** The control plane's HTTP front. Not listening yet. */
export function createControlServer(host: HostControl, options: ControlServerOptions): Server {
  const table = new RouteTable(ROUTES);
  const allowed = allowedHostSet(options.allowedHosts);
  const temporary = join(options.dataDir, 'tmp');

  async function answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    checkHost(request, allowed);
    const url = targetUrl(request);
    const caller = identify(request, options);
    checkOrigin(request, caller.viaCookie);
    const { route, params } = table.match(request.method ?? '', url.pathname);
    try {
      if (route.scope !== 'open') checkScope(caller, route.scope);
      await route.handle({ request, response, url, params, host, caller, sessions: options.sessions, temporary });
    } catch (error) {
      fail(response, error, requestId, options, route.sendError);
    }
  }

  function listener(request: IncomingMessage, response: ServerResponse): void {
    const requestId = randomUUID();
    response.on('error', () => undefined);
    answer(request, response, requestId)
      .catch((error: unknown) => fail(response, error, requestId, options))
      .finally(() => dropRestOfBody(request));
  }

  const server = createServer(SERVER_OPTIONS, listener);
  server.on('checkContinue', listener);
  server.on('clientError', refuseMalformed);
  // Bounded by maxHeaderSize; a count would drop headers silently.
  server.maxHeadersCount = 0;
  return server;
}

function identify(request: IncomingMessage, options: ControlServerOptions): Caller {
  if (options.auth) return authenticate(request, options.tokens, options.sessions);
  if (!isLoopback(request.socket.localAddress ?? '')) {
    throw new NanosError('forbidden', 'A host that was started with --no-auth answers on the loopback interface only');
  }
  return EVERYTHING;
}

function targetUrl(request: IncomingMessage): URL {
  const target = request.url ?? '';
  const written = `http://control.invalid${target}`;
  if (!target.startsWith('/') || !URL.canParse(written)) throw new NanosError('bad_request', 'The request target must be a path');
  return new URL(written);
}

function fail(response: ServerResponse, error: unknown, requestId: string, options: ControlServerOptions, send: Route['sendError'] = sendError): void {
  if (!(error instanceof NanosError) || error.code === 'internal') options.onError?.(error, requestId);
  if (response.headersSent) response.destroy();
  else send(response, error, requestId);
}

/** What is left of a body is read and dropped for a while: closing at once could make the client lose the answer with it. */
function dropRestOfBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.on('error', () => undefined);
  request.resume();
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, LINGER_MS_MAX);
  request.once('close', () => clearTimeout(timer));
}
