import type { ModelHttp } from '../llm/http/model-http.ts';
import { iterateBody } from '../net/egress/body-reader.ts';
import type { Egress } from '../net/egress/egress.ts';
import type { EgressPolicy } from '../protocol/app.ts';

/** Nobody is charged for the host's own calls. */
const NO_ACCOUNT = { countSubrequest: () => undefined, chargeCpu: () => undefined };

/** The body of a response without one. */
const NOTHING: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) };

/** Ways out for models, through the same checks as every tenant's: `policy` says which hosts and which private addresses they may lead to. */
export function modelHttp(egress: Egress, policy: EgressPolicy): ModelHttp {
  return async ({ url, headers, body, signal }) => {
    const bytes = new TextEncoder().encode(body);
    // A key must not follow a redirect to another server.
    const request = { method: 'POST', url, headers: Object.entries(headers).flat(), redirect: 'error', body: bytes } as const;
    const response = await egress.fetch(request, policy, signal, NO_ACCOUNT);
    return { status: response.status, retryAfterS: retryAfterOf(response.headers), body: response.body === null ? NOTHING : iterateBody(response.body) };
  };
}

function retryAfterOf(headers: readonly string[]): number | undefined {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name === 'retry-after');
  const seconds = Number(at < 0 ? undefined : headers[at + 1]);
  return Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined;
}
