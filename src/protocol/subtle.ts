/**
 * What crosses for `crypto.subtle`: host calls named "subtle.<op>". The host keeps nothing: a key's material is sent with every call,
 * a secret key as its raw bytes, a private key as PKCS #8, a public key as SubjectPublicKeyInfo.
 *
 * A message is one field, the JSON of a {@link SubtleMessage}, and at most one buffer: its parts one after another.
 *
 *     op             parameters                                             parts                          reply
 *     digest         algorithm                                              data                           data
 *     generateKey    algorithm, usages                                      publicExponent?                keys, parts key0 (, key1)
 *     importKey      algorithm, usages, extractable, format, jwk?           data?                          keys, part key0
 *     exportKey      keys, format "jwk" | "raw"                             key0                           jwk | data
 *     sign           algorithm, keys                                        key0, data                     data
 *     verify         algorithm, keys                                        key0, data, signature          isValid
 *     encrypt        algorithm, keys                                        key0, data                     data
 *     decrypt        algorithm, keys                                        key0, data                     data
 *     deriveBits     algorithm, keys (base key, then the public key), lengthBits | null   key0 (, key1)    data
 *     wrap, unwrap   keys (AES-KW)                                          key0, data                     data
 *
 * Members of an algorithm that are bytes (iv, counter, additionalData, label, salt, info, context, publicExponent) are parts of that name.
 */
export const SUBTLE_CALL = 'subtle';

export const subtleOps = ['digest', 'generateKey', 'importKey', 'exportKey', 'sign', 'verify', 'encrypt', 'decrypt', 'deriveBits', 'wrap', 'unwrap'] as const;
export type SubtleOp = (typeof subtleOps)[number];

/** An algorithm without its members of bytes. `length` is in bits, `saltLength` in bytes, `tagLength` in bits. */
export interface SubtleAlgorithm {
  name: string;
  hash?: string;
  namedCurve?: string;
  length?: number;
  modulusLength?: number;
  saltLength?: number;
  tagLength?: number;
  iterations?: number;
}

/** A key without its material. */
export interface SubtleKey {
  type: 'secret' | 'private' | 'public';
  /** RSA keys carry their public exponent as numbers. */
  algorithm: SubtleAlgorithm & { publicExponent?: number[] };
  usages: string[];
}

export interface SubtleMessage {
  algorithm?: SubtleAlgorithm;
  usages?: string[];
  extractable?: boolean;
  format?: string;
  jwk?: Record<string, unknown>;
  keys?: SubtleKey[];
  lengthBits?: number | null;
  isValid?: boolean;
}

/** Bytes by name */
export type SubtleParts = Record<string, Uint8Array>;

export interface SubtleCrossing {
  fields: string[];
  buffers: Uint8Array<ArrayBuffer>[];
}

export function packSubtle(message: SubtleMessage, parts: SubtleParts): SubtleCrossing {
  const entries = Object.entries(parts);
  const bytes = new Uint8Array(entries.reduce((size, [, part]) => size + part.length, 0));
  let offset = 0;
  for (const [, part] of entries) {
    bytes.set(part, offset);
    offset += part.length;
  }
  const sizes = entries.map(([name, part]): [string, number] => [name, part.length]);
  return { fields: [JSON.stringify({ ...message, sizes })], buffers: entries.length === 0 ? [] : [bytes] };
}

export interface UnpackedSubtle {
  /** Unchecked, but an object */
  message: SubtleMessage;
  /** Views of the buffer that came */
  parts: Map<string, Uint8Array<ArrayBuffer>>;
}

/** Throws a RangeError on what {@link packSubtle} can't have made; the message's members are the sender's word. */
export function unpackSubtle(fields: readonly string[], buffers: readonly ArrayBuffer[]): UnpackedSubtle {
  const [json = ''] = fields;
  const value = parseJson(json);
  if (typeof value !== 'object' || value === null || !('sizes' in value)) throw malformed();
  const { sizes, ...message } = value;
  const [buffer] = buffers;
  return { message, parts: takeParts(sizes, buffer === undefined ? new Uint8Array(0) : new Uint8Array(buffer)) };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw malformed();
  }
}

const partsMax = 16;

function takeParts(sizes: unknown, bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const parts = new Map<string, Uint8Array<ArrayBuffer>>();
  if (!Array.isArray(sizes) || sizes.length > partsMax) throw malformed();
  let offset = 0;
  for (const entry of sizes as unknown[]) {
    const [name, size] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || !Number.isSafeInteger(size) || Number(size) < 0 || offset + Number(size) > bytes.length) throw malformed();
    parts.set(name, bytes.subarray(offset, offset + Number(size)));
    offset += Number(size);
  }
  return parts;
}

function malformed(): RangeError {
  return new RangeError('Fields are not those of a subtle call');
}
