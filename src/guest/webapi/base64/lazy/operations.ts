/** https://html.spec.whatwg.org/#atob */
import { DOMException } from '../../dom/dom-exception.ts';
import { decodeLatin1, encodeLatin1 } from '../../encoding/latin1.ts';
import { toDOMString } from '../../webidl.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

export function atob(data: unknown): string {
  const bytes = decodeBase64(toDOMString(data));
  if (bytes === null) throw new DOMException('The string to be decoded is not correctly encoded', 'InvalidCharacterError');
  return decodeLatin1(bytes);
}

export function btoa(data: unknown): string {
  const bytes = encodeLatin1(toDOMString(data));
  if (bytes === null) throw new DOMException('The string contains characters above U+00FF', 'InvalidCharacterError');
  return encodeBase64(bytes);
}
