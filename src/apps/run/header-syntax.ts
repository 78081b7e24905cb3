import { HOST_LIMITS } from '../../protocol/limits.ts';

const name = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** RFC 9110 section 5.5, as far as one app may rely on another's word */
const value = /^[\t\x20-\x7e\x80-\xff]*$/;

export function isMethod(text: string): boolean {
  return text.length <= 32 && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** True for name, value, name, value, … as they come over HTTP, names in lower case, and not too many. */
export function isHeaderList(headers: readonly string[]): boolean {
  if (headers.length % 2 !== 0 || headers.length / 2 > HOST_LIMITS.headersMax) return false;
  let bytes = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const [key = '', text = ''] = [headers[i], headers[i + 1]];
    bytes += key.length + text.length;
    if (!name.test(key) || !value.test(text)) return false;
  }
  return bytes <= HOST_LIMITS.responseHeaderBytesMax;
}
