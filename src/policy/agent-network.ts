/** Where an agent's requests may go: what its manifest asks for, within what the operator allows. */
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import { canonicalHost } from '../protocol/hostname.ts';
import { ALLOWED, denied } from './agent-verdict.ts';
import type { AgentVerdict } from './agent-verdict.ts';
import { hostAllowed, portAllowed } from './egress.ts';
import { intersectHosts } from './host-patterns.ts';

type Network = AgentManifest['permissions']['network'];

/** An object of its own for every run, so that no two share connections; undefined: no network. Private ranges come from the operator alone. */
export function agentEgress(network: Network, operator: EgressPolicy): EgressPolicy | undefined {
  if (network === false) return undefined;
  return { hosts: intersectHosts(network === true ? undefined : network, operator.hosts), privateRanges: operator.privateRanges };
}

/** Whether a request may be tried. The address that the host's name leads to, and every redirect, are judged when they are known. */
export function requestAllowed(method: string, url: URL, network: Network, egress: EgressPolicy | undefined): AgentVerdict {
  const asked = describeRequest(method, url);
  if (network === false || egress === undefined) return denied(asked, 'permissions.network: false');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return denied(asked, 'requests go to http and https URLs only');
  if (url.username !== '' || url.password !== '') return denied(asked, 'URLs contain no user name and no password');
  const host = canonicalHost(url.hostname);
  if (host === undefined) return denied(asked, 'the host name is not valid');
  if (!hostAllowed(host, egress).allowed) return denied(asked, hostRule(host, network));
  const port = url.port === '' ? ALLOWED : portAllowed(Number(url.port));
  return 'reason' in port ? denied(asked, port.reason) : ALLOWED;
}

/** For messages and logs: without what may be secret, the query and the fragment. */
export function describeRequest(method: string, url: URL): string {
  return `${method} ${url.protocol}//${url.host}${url.pathname.slice(0, 200)}`;
}

function hostRule(host: string, network: Network): string {
  if (network === true || network === false || hostAllowed(host, { hosts: network, privateRanges: [] }).allowed) return "the operator's egress hosts";
  return network.length === 0 ? 'permissions.network grants no host' : `permissions.network: ${network.join(', ').slice(0, 200)}`;
}
