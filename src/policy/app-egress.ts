/** Which hosts an app may reach: what it asks for, within what the operator allows. */
import type { EgressPolicy } from '../protocol/app.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';

/**
 * The intersection of both; `requestedHosts` undefined asks for any host. Private ranges come from the operator alone.
 * What the operator says for this very app stands in place of what it says for every app.
 */
export function effectiveEgress(requestedHosts: readonly string[] | undefined, operator: OperatorPolicy, appName: string): EgressPolicy {
  const grant = operator.tenants.get(appName)?.egress;
  const allowedHosts = grant?.hosts ?? operator.egress.hosts;
  return {
    hosts: intersectHosts(requestedHosts, allowedHosts),
    privateRanges: grant?.privateRanges ?? operator.egress.privateRanges,
  };
}

/** The requested patterns of which nothing, or not all, was granted. */
export function deniedHosts(requestedHosts: readonly string[] | undefined, granted: EgressPolicy): string[] {
  const { hosts } = granted;
  if (requestedHosts === undefined || hosts === undefined) return [];
  return requestedHosts.filter((requested) => !hosts.some((host) => covers(host, requested)));
}

function intersectHosts(requested: readonly string[] | undefined, allowed: readonly string[] | undefined): readonly string[] | undefined {
  if (requested === undefined) return allowed;
  if (allowed === undefined) return requested;
  const narrower = requested.filter((pattern) => allowed.some((other) => covers(other, pattern)));
  const cut = allowed.filter((pattern) => requested.some((other) => covers(other, pattern)));
  return [...new Set([...narrower, ...cut])];
}

/** Every host that `inner` matches is matched by `outer`; `*.a.com` matches the names below `a.com`, not `a.com`. */
function covers(outer: string, inner: string): boolean {
  return outer === inner || (outer.startsWith('*.') && inner.endsWith(outer.slice(1)));
}
