/**
 * True only for an http or https URL without user-info and fragment that https://url.spec.whatwg.org/#url-serializing gives back as it is,
 * so that it need not be parsed. False tells nothing.
 */
export function isSerializedUrl(url: string): boolean {
  return plainUrl.test(url) && !url.includes('xn--');
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
// The last label begins with a letter: a number there makes the host an IPv4 address.
const hostName = `(?:(?:[a-z0-9-]+\\.)*[a-z][a-z0-9-]*|${octet}\\.${octet}\\.${octet}\\.${octet})`;
const port = '(?::(?!80/|443/)(?:[1-9]\\d{0,3}|[1-5]\\d{4}))?';
const dotSegment = '(?:\\.|%2[eE]){1,2}(?:[/?]|$)';
const path = `(?:/(?!${dotSegment})[\\w!$%&'()*+,\\-.:;=@~|]*)+`;
const query = '(?:\\?[\\w!$%&()*+,\\-./:;=@~?|]*)?';
const plainUrl = new RegExp(`^https?://${hostName}${port}${path}${query}$`);
