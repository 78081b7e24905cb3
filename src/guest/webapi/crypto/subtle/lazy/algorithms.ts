/** https://w3c.github.io/webcrypto/#algorithm-normalization: which algorithms each operation knows, and what their parameters are. */
import type { SubtleAlgorithm } from '../../../../../protocol/subtle.ts';
import { DOMException } from '../../../dom/dom-exception.ts';
import { copyBytes, isObject, toDOMString, toInteger } from '../../../webidl.ts';
import { type CryptoKey, isCryptoKey } from './crypto-key.ts';

/** A normalised algorithm: plain members, members of bytes, and the public key of a key agreement. */
export interface NormalizedAlgorithm {
  plain: SubtleAlgorithm;
  bytes: Record<string, Uint8Array<ArrayBuffer>>;
  publicKey?: CryptoKey;
}

export type Operation = 'digest' | 'generateKey' | 'importKey' | 'sign' | 'encrypt' | 'deriveBits' | 'wrapKey' | 'getKeyLength';

const rsaSign = 'RSASSA-PKCS1-v1_5 RSA-PSS';
const curves = 'Ed25519 Ed448 X25519 X448';
const aes = 'AES-CTR AES-CBC AES-GCM AES-KW';

/** Operation → lines of "names : members"; a member with "?" is optional. */
const registered: Readonly<Record<Operation, string>> = {
  digest: 'SHA-1 SHA-256 SHA-384 SHA-512 MD5 :',
  generateKey: `${rsaSign} RSA-OAEP : hash modulusLength publicExponent | ECDSA ECDH : namedCurve | ${curves} : | ${aes} : length | HMAC : hash length?`,
  importKey: `${rsaSign} RSA-OAEP : hash | ECDSA ECDH : namedCurve | HMAC : hash length? | ${curves} ${aes} HKDF PBKDF2 :`,
  sign: 'RSASSA-PKCS1-v1_5 Ed25519 HMAC : | Ed448 : context? | RSA-PSS : saltLength | ECDSA : hash',
  encrypt: 'RSA-OAEP : label? | AES-CTR : counter length | AES-CBC : iv | AES-GCM : additionalData? iv tagLength?',
  deriveBits: 'ECDH X25519 X448 : public | HKDF : hash info salt | PBKDF2 : hash iterations salt',
  wrapKey: 'AES-KW :',
  getKeyLength: `${aes} : length | HMAC : hash length? | HKDF PBKDF2 :`,
};

const integerBits: Readonly<Record<string, 8 | 16 | 32>> = { length: 32, modulusLength: 32, saltLength: 32, iterations: 32, tagLength: 8 };

/** Throws a NotSupportedError for an algorithm that the operation doesn't know, and a TypeError for parameters that are wrong. */
export function normalizeAlgorithm(value: unknown, operation: Operation): NormalizedAlgorithm {
  const source: object = isObject(value) ? value : { name: toDOMString(value) };
  const given: unknown = Reflect.get(source, 'name');
  if (given === undefined) throw new TypeError('Algorithm: name is required');
  const { name, members } = lookUp(toDOMString(given), operation);
  const normalized: NormalizedAlgorithm = { plain: { name }, bytes: {} };
  for (const member of members) takeMember(normalized, source, member);
  return normalized;
}

/** Null when the operation doesn't know the algorithm. */
export function supports(value: unknown, operation: Operation): boolean {
  const name: unknown = isObject(value) ? Reflect.get(value, 'name') : value;
  return find(toDOMString(name), operation) !== undefined;
}

interface Registration {
  name: string;
  members: string[];
}

function lookUp(name: string, operation: Operation): Registration {
  const found = find(name, operation);
  if (found === undefined) throw new DOMException(`Unrecognized algorithm name '${name.slice(0, 100)}' for ${operation}`, 'NotSupportedError');
  return found;
}

function find(name: string, operation: Operation): Registration | undefined {
  const wanted = name.toLowerCase();
  for (const line of registered[operation].split('|')) {
    const [names = '', members = ''] = line.split(':');
    const found = words(names).find((known) => known.toLowerCase() === wanted);
    if (found !== undefined) return { name: found, members: words(members) };
  }
  return undefined;
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function takeMember(normalized: NormalizedAlgorithm, source: object, member: string): void {
  const isOptional = member.endsWith('?');
  const key = isOptional ? member.slice(0, -1) : member;
  const value: unknown = Reflect.get(source, key);
  if (value === undefined) {
    if (isOptional) return;
    throw new TypeError(`Algorithm ${normalized.plain.name}: ${key} is required`);
  }
  const { plain } = normalized;
  const bits = integerBits[key];
  if (bits !== undefined) Object.assign(plain, { [key]: toInteger(value, bits, false, 'enforceRange') });
  else if (key === 'hash') plain.hash = normalizeAlgorithm(value, 'digest').plain.name;
  else if (key === 'namedCurve') plain.namedCurve = toDOMString(value);
  else if (key === 'public') normalized.publicKey = toKey(value);
  else normalized.bytes[key] = copyBytes(value, `Algorithm ${plain.name}: ${key}`);
}

export function toKey(value: unknown): CryptoKey {
  if (!isCryptoKey(value)) throw new TypeError('Value is not a CryptoKey');
  return value;
}

const hashBlockBits: Readonly<Record<string, number>> = { 'SHA-1': 512, 'SHA-256': 512, 'SHA-384': 1024, 'SHA-512': 1024 };

/** The "get key length" operation: bits, or null when the kind of key has no length of its own. */
export function keyLengthBits({ plain }: NormalizedAlgorithm): number | null {
  if (plain.name === 'HKDF' || plain.name === 'PBKDF2') return null;
  if (plain.name !== 'HMAC') {
    if (plain.length === 128 || plain.length === 192 || plain.length === 256) return plain.length;
    throw new DOMException('AES keys have 128, 192 or 256 bits', 'OperationError');
  }
  if (plain.length === 0) throw new TypeError('An HMAC key can not have a length of zero');
  return plain.length ?? hashBlockBits[plain.hash ?? ''] ?? 512;
}
