/** Which hosts an app may reach: what it asks for, within what the operator allows. */
import type { EgressPolicy } from '../protocol/app.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';
import { covers, intersectHosts } from './host-patterns.ts';

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
