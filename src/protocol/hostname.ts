/** Host names as routing keys: one spelling for each host (URL Standard, host parsing), and none for what is no host. */
import { domainToASCII } from 'node:url';

/** Longest input looked at, in UTF-16 units; a valid name has at most 253 characters after its conversion to ASCII. */
const INPUT_LENGTH_MAX = 512;
const NAME_LENGTH_MAX = 253;
const PORT_MAX = 65_535;

const APP_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const DIGITS = /^[0-9]*$/;
const LABELS = /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/;
const IPV6_AND_PORT = /^(\[[0-9a-f:.]+\])(?::([0-9]*))?$/i;
// ASCII only as in LABELS: percent signs and delimiters have a meaning for domainToASCII that a Host header must not use
const NAME_AND_PORT = /^((?:[a-z0-9._-]|[^\0-\x7f])+)(?::([0-9]*))?$/i;
const NUMERIC_LAST_LABEL = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * The canonical form of a Host header's value or of a configured host name: lower case, ASCII (UTS 46), without port and trailing dot,
 * IPv4 in dotted decimals, IPv6 shortened and in brackets. `undefined` when it is no valid host. Calling it again changes nothing.
 */
export function canonicalHost(host: string): string | undefined {
  const name = withoutPort(host);
  return isPlainName(name) ? name : parseHost(host);
}

/** A canonical host, or `*.` before one for all names below it; `undefined` for anything else, ports included. */
export function canonicalHostPattern(pattern: string): string | undefined {
  const isWildcard = pattern.startsWith('*.');
  const written = isWildcard ? pattern.slice(2) : pattern;
  if (hasPort(written)) return undefined;
  const host = canonicalHost(written);
  if (host === undefined || !isWildcard) return host;
  return isAddress(host) ? undefined : `*.${host}`;
}

/** One DNS label that is its own canonical form (RFC 1123 §2.1), so that `<name>.localhost` is a host. */
export function isAppName(name: string): boolean {
  return APP_NAME.test(name) && (!name.startsWith('xn--') || canonicalHost(name) === name);
}

function withoutPort(host: string): string {
  const colon = host.indexOf(':');
  if (colon === -1) return host;
  const port = host.slice(colon + 1);
  return DIGITS.test(port) && Number(port) <= PORT_MAX ? host.slice(0, colon) : host;
}

/** True only for names that are canonical as they stand; punycode and what may be an IPv4 address need a closer look. */
function isPlainName(host: string): boolean {
  if (host.length > NAME_LENGTH_MAX) return false;
  let labelStart = 0;
  for (let index = 0; index < host.length; index++) {
    const code = host.charCodeAt(index);
    if (code === 0x2e) {
      if (!isPlainLabel(host, labelStart, index)) return false;
      labelStart = index + 1;
    } else if (!isLabelCode(code)) return false;
  }
  return isPlainLabel(host, labelStart, host.length) && !isDigit(host.charCodeAt(labelStart));
}

function isPlainLabel(host: string, start: number, end: number): boolean {
  const length = end - start;
  return length > 0 && length <= 63 && !host.startsWith('xn--', start);
}

function isLabelCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || isDigit(code) || code === 0x2d || code === 0x5f;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function parseHost(host: string): string | undefined {
  if (host.length > INPUT_LENGTH_MAX) return undefined;
  const match = IPV6_AND_PORT.exec(host) ?? NAME_AND_PORT.exec(host);
  if (match === null || Number(match[2] ?? '') > PORT_MAX) return undefined;
  const ascii = domainToASCII(match[1] ?? '');
  if (ascii.startsWith('[')) return ascii;
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  return name.length <= NAME_LENGTH_MAX && LABELS.test(name) ? name : undefined;
}

function hasPort(host: string): boolean {
  return host.includes(':') && !host.endsWith(']');
}

function isAddress(canonical: string): boolean {
  return canonical.startsWith('[') || NUMERIC_LAST_LABEL.test(canonical);
}
