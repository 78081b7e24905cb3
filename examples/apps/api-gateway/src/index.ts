/** An API gateway: checks the caller's key, limits its rate, and passes the request on to the upstream of its path. */
import { findRoute, type Route } from './find-route.ts';
import { RateLimiter } from './rate-limiter.ts';
import { callUpstream, type Upstream } from './call-upstream.ts';

interface Client {
  readonly client: string;
  readonly perMinute: number;
}

interface Env {
  readonly ROUTES: Readonly<Record<string, Route>>;
  readonly KEYS: Readonly<Record<string, Client>>;
  readonly TIMEOUT_MS: number;
  readonly RETRIES: number;
  readonly [service: string]: unknown;
}

// counts of this isolate: as long as it lives, and not those of other cells
const limiter = new RateLimiter();

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const key = request.headers.get('x-api-key') ?? '';
    if (!Object.hasOwn(env.KEYS, key)) return problem(401, 'Send a known key as x-api-key');
    const { client, perMinute } = env.KEYS[key];

    const waitSeconds = limiter.take(client, perMinute, Date.now());
    if (waitSeconds > 0) return problem(429, `${client} may call ${perMinute} times a minute`, { 'retry-after': String(waitSeconds) });

    const { pathname, search } = new URL(request.url);
    const found = findRoute(env.ROUTES, pathname);
    if (found === undefined) return problem(404, `Nothing is served at ${pathname}`);

    const { service } = found.route;
    const upstream = service === undefined ? { fetch } : (env[service] as Upstream);
    const response = await callUpstream(upstream, request, `${found.url}${search}`, { client, timeoutMs: env.TIMEOUT_MS, retries: env.RETRIES });
    return withCaching(request, response, found.route.cacheSeconds);
  },
} satisfies ExportedHandler<Env>;

/** What the upstream says of caching holds; where it says nothing, the route does. */
function withCaching(request: Request, response: Response, seconds: number | undefined): Response {
  if (seconds === undefined || request.method !== 'GET' || !response.ok || response.headers.has('cache-control')) return response;
  const cached = new Response(response.body, response);
  cached.headers.set('cache-control', `private, max-age=${seconds}`);
  cached.headers.append('vary', 'x-api-key');
  return cached;
}

function problem(status: number, detail: string, headers: Record<string, string> = {}): Response {
  return Response.json({ status, detail }, { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}
