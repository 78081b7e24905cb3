/** The network, or a service binding. */
export interface Upstream {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

export interface UpstreamOptions {
  readonly client: string;
  /** for each try */
  readonly timeoutMs: number;
  readonly retries: number;
}

const BACKOFF_MS = 50;
/** Those that may be sent twice (RFC 9110, 9.2.2), and have no body that is gone after the first time. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);
const WORTH_A_RETRY = new Set([502, 503, 504]);

/** Calls until an answer is good, or not worth another try. 502 when nobody answers, 504 when too late. */
export async function callUpstream(upstream: Upstream, request: Request, url: string, { client, timeoutMs, retries }: UpstreamOptions): Promise<Response> {
  const tries = REPEATABLE.has(request.method) ? retries + 1 : 1;
  for (let attempt = 1; ; attempt++) {
    const response = await callOnce(upstream, request, url, client, timeoutMs);
    if (attempt === tries || !WORTH_A_RETRY.has(response.status)) return response;
    await response.body?.cancel();
    await new Promise((done) => setTimeout(done, BACKOFF_MS * 2 ** (attempt - 1)));
  }
}

async function callOnce(upstream: Upstream, request: Request, url: string, client: string, timeoutMs: number): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.delete('x-api-key');
  headers.set('x-client', client);
  try {
    return await upstream.fetch(url, { method: request.method, headers, body: request.body, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    return Response.json({ status: isLate ? 504 : 502, detail: isLate ? `No answer within ${timeoutMs} ms` : 'The upstream can not be reached' }, { status: isLate ? 504 : 502 });
  }
}
