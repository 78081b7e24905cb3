/**
 * A document is worked on as text in which each unit stands for a byte: markup is ASCII in every coding of HTML but UTF-16, offsets are those of the
 * bytes, and what nobody touches comes out as it went in, well-formed or not.
 */
import type { TextDecoder } from '../../encoding/decoder/lazy/text-decoder.ts';
import { loadTextDecoder } from '../../encoding/decoder/lazy/index.ts';
import { decodeUtf8, encodeUtf8 } from '../../encoding/index.ts';
import { decodeLatin1, encodeLatin1 } from '../../encoding/latin1.ts';

export interface TextCoding {
  decode(bytes: string): string;
  /** What the coding does not have becomes a character reference. */
  encode(text: string): string;
  /** Length of the part of `bytes` that does not end inside of a character. */
  wholeLength(bytes: string): number;
}

const ascii = /^[\0-\x7f]*$/;

const utf8: TextCoding = {
  decode: (bytes) => (ascii.test(bytes) ? bytes : decodeUtf8(encodeLatin1(bytes)!, { ignoreBOM: true })),
  encode: (text) => (ascii.test(text) ? text : decodeLatin1(encodeUtf8(text))),
  wholeLength(bytes) {
    const tail = /(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$/.exec(bytes);
    return tail === null ? bytes.length : tail.index;
  },
};

/** Of the charset of a Content-Type; UTF-8 when it names none, or one that markup can't be read in. */
export function textCoding(charset: string | undefined): TextCoding {
  const decoder = charset === undefined ? undefined : decoderOf(charset);
  if (decoder === undefined || decoder.encoding.startsWith('utf-')) return utf8;
  const decode = (bytes: string): string => decoder.decode(encodeLatin1(bytes)!);
  const units = decoder.encoding.startsWith('windows-') || decoder.encoding.startsWith('iso-8859-') ? unitsOf(decode) : new Map<string, string>();
  return {
    decode: (bytes) => (ascii.test(bytes) ? bytes : decode(bytes)),
    encode: (text) => text.replace(/[^\0-\x7f]/gu, (character) => units.get(character) ?? `&#${character.codePointAt(0)};`),
    wholeLength: (bytes) => bytes.length,
  };
}

function decoderOf(charset: string): TextDecoder | undefined {
  try {
    return new (loadTextDecoder().TextDecoder)(charset);
  } catch {
    return undefined;
  }
}

/** Characters of a single-byte coding to the unit of their byte */
function unitsOf(decode: (bytes: string) => string): Map<string, string> {
  const units = new Map<string, string>();
  for (let byte = 0x80; byte < 0x100; byte++) units.set(decode(String.fromCharCode(byte)), String.fromCharCode(byte));
  return units;
}
