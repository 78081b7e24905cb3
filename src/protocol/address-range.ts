import ipaddr from 'ipaddr.js';

/** Ranges of addresses that are no public ones, by what people call them. */
export const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
};

/** The ranges, as CIDR, that an operator means by one of these names, a CIDR range or an address; undefined for anything else. */
export function parseRange(range: string): readonly string[] | undefined {
  if (Object.hasOwn(NAMED_RANGES, range)) return NAMED_RANGES[range];
  if (ipaddr.isValidCIDR(range)) return [ipaddr.parseCIDR(range).join('/')];
  if (!ipaddr.IPv4.isValidFourPartDecimal(range) && !ipaddr.IPv6.isValid(range)) return undefined;
  const address = ipaddr.parse(range);
  return [`${address.toString()}/${address.kind() === 'ipv4' ? 32 : 128}`];
}
