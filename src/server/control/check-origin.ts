import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { NanosError } from '../../protocol/errors.ts';
import { canonicalHost } from '../../protocol/hostname.ts';

const ALWAYS_ALLOWED = ['localhost', '127.0.0.1', '[::1]'];
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The names that the control plane answers to: a page of another site that had its own name point here must not be answered. */
export function allowedHostSet(hosts: readonly string[]): ReadonlySet<string> {
  const written = [...ALWAYS_ALLOWED, ...hosts].map((host) => (isIPv6(host) ? `[${host}]` : host));
  return new Set(written.map((host) => canonicalHost(host)).filter((host) => host !== undefined));
}

/** Throws `bad_request` or `forbidden`. Defends against DNS rebinding: the browser sends the name that the page was loaded from. */
export function checkHost(request: IncomingMessage, allowed: ReadonlySet<string>): void {
  const hosts = headerValues(request, 'host');
  const [host] = hosts;
  if (host === undefined || hosts.length > 1) throw new NanosError('bad_request', 'Send exactly one Host header');
  const canonical = canonicalHost(host);
  if (canonical === undefined || !allowed.has(canonical)) {
    throw new NanosError('forbidden', `The control plane does not answer to the host ${JSON.stringify(host.slice(0, 100))}. The operator can add it to allowed_hosts`);
  }
}

/**
 * Throws `forbidden` for a request that a page of another origin makes: one that changes something, or that carries the user's cookie.
 * A missing Origin is no browser's cross-origin request of these kinds (Fetch standard, "append a request Origin header").
 */
export function checkOrigin(request: IncomingMessage, viaCookie: boolean): void {
  if (SAFE_METHODS.has(request.method ?? '') && !viaCookie) return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreign = origin === undefined ? viaCookie && (site === 'cross-site' || site === 'same-site') : !isSameOrigin(origin, host ?? '');
  if (foreign) throw new NanosError('forbidden', 'Requests from pages of another origin are refused');
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}` || origin.toLowerCase() === `https://${host.toLowerCase()}`;
}

function headerValues(request: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === name) values.push(request.rawHeaders[index + 1] ?? '');
  }
  return values;
}
