/** Where an app's outgoing requests may go. Pure: names and addresses in, verdict out. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { IPv4, IPv6 } from 'ipaddr.js';
import type { EgressPolicy } from '../protocol/app.ts';
import { NanosError } from '../protocol/errors.ts';

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

type Address = IPv4 | IPv6;
type Range = readonly [base: Address, bits: number];

const ALLOWED: Verdict = { allowed: true };

/** IPv6 addresses that are handed out for global unicast (RFC 4291, IANA's registry); everything else is refused unseen. */
const GLOBAL_UNICAST_V6: [IPv6, number] = ipaddr.IPv6.parseCIDR('2000::/3');

/** NAT64's well-known prefix (RFC 6052): the last 32 bits are the IPv4 address that is reached. */
const NAT64: [IPv6, number] = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** What ipaddr.js calls the ranges, in words; a range that is not here keeps its name. */
const RANGE_NAMES: Readonly<Record<string, string>> = {
  private: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
  uniqueLocal: 'unique-local',
  carrierGradeNat: 'carrier-grade NAT',
  deprecatedSiteLocal: 'site-local',
  unicast: 'reserved',
};

/**
 * Ports that the Fetch standard blocks ("bad port"): services that could be made to act on text inside an HTTP request.
 * https://fetch.spec.whatwg.org/#port-blocking
 */
const BAD_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
  117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
  636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/**
 * Whether `ip` is an address of the public internet. IPv4 inside IPv6 (mapped, NAT64) is judged as the IPv4 address;
 * tunnels (6to4, Teredo, local-use NAT64) are refused, because where they end can't be seen from the address.
 * Anything but the plain textual form of an address is not one.
 */
export function isPublicAddress(ip: string): boolean {
  const address = parseAddress(ip);
  return address !== undefined && isGlobalUnicast(address);
}

/** Whether a connection to `ip` may be made: a public address, or one in the operator's private ranges. */
export function addressAllowed(ip: string, policy: EgressPolicy): Verdict {
  const address = parseAddress(ip);
  if (address === undefined) return { allowed: false, reason: 'the address is not an IP address' };
  if (isGlobalUnicast(address) || inRanges(address, rangesOf(policy))) return ALLOWED;
  return { allowed: false, reason: `the address is not public but ${describe(address)}` };
}

/** Whether the app may name this host at all. `host` is canonical (protocol/hostname.ts); `*.suffix` matches every name below `suffix`. */
export function hostAllowed(host: string, policy: EgressPolicy): Verdict {
  if (policy.hosts === undefined || policy.hosts.some((pattern) => matchesHost(pattern, host))) return ALLOWED;
  return { allowed: false, reason: 'the host is not among those the app may reach' };
}

export function portAllowed(port: number): Verdict {
  return BAD_PORTS.has(port) ? { allowed: false, reason: `port ${port} is blocked for HTTP` } : ALLOWED;
}

function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host;
  return host.length > pattern.length - 1 && host.endsWith(pattern.slice(1)) && isIP(host) === 0;
}

/** Strict: no zone, no octal, hexadecimal or short forms. An IPv4-mapped address comes out as IPv4. */
function parseAddress(ip: string): Address | undefined {
  if (isIP(ip) === 0 || ip.includes('%')) return undefined;
  return ipaddr.process(withoutDottedTail(ip));
}

/** ipaddr.js takes `::1.2.3.4` for `::ffff:1.2.3.4`; in groups only, nothing is open to reading. */
function withoutDottedTail(ip: string): string {
  const tail = ip.lastIndexOf(':') + 1;
  if (tail === 0 || !ip.includes('.')) return ip;
  const [a, b, c, d] = ipaddr.IPv4.parse(ip.slice(tail)).toByteArray() as [number, number, number, number];
  return `${ip.slice(0, tail)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function isGlobalUnicast(address: Address): boolean {
  if (address.range() === 'unicast') return isV4(address) || address.match(GLOBAL_UNICAST_V6);
  return !isV4(address) && address.match(NAT64) && isGlobalUnicast(embeddedV4(address));
}

function isV4(address: Address): address is IPv4 {
  return address.kind() === 'ipv4';
}

function embeddedV4(address: IPv6): IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function describe(address: Address): string {
  if (!isV4(address) && address.match(NAT64)) return `NAT64 to ${describe(embeddedV4(address))}`;
  const range = address.range();
  return RANGE_NAMES[range] ?? range;
}

function inRanges(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

const parsedRanges = new WeakMap<readonly string[], readonly Range[]>();

function rangesOf(policy: EgressPolicy): readonly Range[] {
  let ranges = parsedRanges.get(policy.privateRanges);
  if (ranges === undefined) {
    ranges = policy.privateRanges.map(parseRange);
    parsedRanges.set(policy.privateRanges, ranges);
  }
  return ranges;
}

function parseRange(text: string): Range {
  try {
    const [base] = text.split('/', 1);
    if (base === undefined || isIP(base) === 0) throw new RangeError('Not an address');
    return text.includes('/') ? ipaddr.parseCIDR(text) : ipaddr.parseCIDR(`${text}/${isIP(text) === 4 ? 32 : 128}`);
  } catch (cause) {
    throw new NanosError('config_invalid', `Private egress range "${text}" is not a CIDR range like 10.0.0.0/8`, { cause });
  }
}
