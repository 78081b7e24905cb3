/** https://encoding.spec.whatwg.org/#concept-encoding-get */
import { encodingOf, type EncodingName, normalizeLabel } from './labels.ts';
import { multiByteEncodingOf, singleByteDecoder, singleByteEncodingOf } from '../../lazy/index.ts';
import type { StreamingDecoder } from '../../streaming-decoder.ts';
import { Utf16Decoder } from './utf16.ts';
import { Utf8Decoder } from '../../utf8.ts';
import { decodeWindows1252 } from './windows-1252.ts';

interface Encoding {
  /** in lower case */
  readonly name: string;
  createDecoder(fatal: boolean): StreamingDecoder;
}

type MultiByteDecoder = (encoding: string, fatal: boolean) => StreamingDecoder;

let multiByteDecoder: MultiByteDecoder | undefined;

/** The encodings of several bytes a character are known from here on. Who bundles the decoder without it saves tables of 150 KB. */
export function provideMultiByte(decoder: MultiByteDecoder): void {
  multiByteDecoder = decoder;
}

/** Undefined for an unknown label. */
export function findEncoding(label: string): Encoding | undefined {
  const wanted = normalizeLabel(label);
  const name = encodingOf(wanted);
  if (name !== undefined) return { name, createDecoder: (fatal) => createDecoder(name, fatal) };
  const singleByte = singleByteEncodingOf(wanted);
  if (singleByte !== undefined) return { name: singleByte.name, createDecoder: (fatal) => singleByteDecoder(singleByte, fatal) };
  const multiByte = multiByteEncodingOf(wanted);
  const create = multiByteDecoder;
  if (multiByte === undefined || create === undefined) return undefined;
  return { name: multiByte, createDecoder: (fatal) => create(multiByte, fatal) };
}

function createDecoder(encoding: EncodingName, fatal: boolean): StreamingDecoder {
  if (encoding === 'utf-8') return new Utf8Decoder(fatal);
  if (encoding === 'windows-1252') return { decode: decodeWindows1252, reset: () => undefined };
  return new Utf16Decoder(encoding === 'utf-16be', fatal);
}
