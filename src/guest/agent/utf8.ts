/** UTF-8 by the engine's own conversion, and where the bytes are malformed, as the standard says. */
import { decodeUtf8 } from '../webapi/encoding/utf8.ts';
import { engine } from './engine.ts';

/** Lone surrogates become U+FFFD. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return engine.encode(text.toWellFormed());
}

/** Malformed bytes become U+FFFD, as the Encoding standard says; a byte order mark stays. */
export function decodeText(bytes: Uint8Array): string {
  return engine.decode(bytes) ?? decodeUtf8(bytes);
}
