/** https://fetch.spec.whatwg.org/#data-url-processor */
import { decodeBase64 } from '../../base64/index.ts';
import { decodeLatin1 } from '../../encoding/latin1.ts';
import { Body } from '../body.ts';
import { trimHttpWhitespace } from '../http-syntax.ts';
import { parseMimeType, serializeMimeType } from '../mime/lazy/index.ts';
import type { Response } from '../response.ts';
import { responseFrom } from '../response.ts';

/** `url` is serialized. Throws a TypeError when it is malformed. */
export function fetchDataUrl(url: string, method: string): Response {
  const [input = ''] = url.split('#', 1);
  const comma = input.indexOf(',');
  if (comma < 0) throw new TypeError('fetch: data URL has no comma');
  const given = trimHttpWhitespace(input.slice('data:'.length, comma));
  const data = percentDecode(input.slice(comma + 1));
  const base64 = /; *base64$/i.exec(given);
  const type = base64 === null ? given : given.slice(0, base64.index);
  const mimeType = parseMimeType(type.startsWith(';') ? `text/plain${type}` : type);
  const contentType = mimeType === null ? 'text/plain;charset=US-ASCII' : serializeMimeType(mimeType);
  const bytes = base64 === null ? data : decodeBase64(decodeLatin1(data));
  if (bytes === null) throw new TypeError('fetch: data URL is not valid base64');
  const body = method === 'HEAD' ? null : new Body(bytes, null, null);
  const origin = { type: 'basic', url: input, redirected: false, immutable: true } as const;
  return responseFrom({ status: 200, statusText: 'OK', list: ['content-type', contentType], body, origin });
}

/** https://url.spec.whatwg.org/#string-percent-decode of a serialized URL, which is ASCII */
function percentDecode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const escape = text[at] === '%' ? text.slice(at + 1, at + 3) : '';
    if (/^[0-9a-f]{2}$/i.test(escape)) {
      bytes[length++] = parseInt(escape, 16);
      at += 2;
    } else bytes[length++] = text.charCodeAt(at);
  }
  return bytes.slice(0, length);
}
