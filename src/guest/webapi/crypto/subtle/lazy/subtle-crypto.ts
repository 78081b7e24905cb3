/**
 * https://w3c.github.io/webcrypto/#subtlecrypto-interface. What a key may be used for is checked here, formats and algorithms in the host,
 * which does the work.
 */
import { packSubtle, SUBTLE_CALL, type SubtleKey, type SubtleMessage, type SubtleOp, type SubtleParts, type UnpackedSubtle, unpackSubtle } from '../../../../../protocol/subtle.ts';
import { host } from '../../../../kernel/host-calls.ts';
import { DOMException } from '../../../dom/dom-exception.ts';
import { decodeUtf8, encodeUtf8 } from '../../../encoding/index.ts';
import { copyBytes, decorateInterface, isBufferSource, isObject, requireArguments, toDOMString, toEnum, toInteger, toSequence, viewBytes } from '../../../webidl.ts';
import { type CryptoKey, keyState, type KeyUsage, keyUsages, newCryptoKey } from './crypto-key.ts';
import { keyLengthBits, type NormalizedAlgorithm, normalizeAlgorithm, supports, toKey } from './algorithms.ts';
import { type JsonWebKey, toJsonWebKey } from './json-web-key.ts';

const constructing = Symbol('constructing');
const formats = ['raw', 'spki', 'pkcs8', 'jwk'] as const;
type Bytes = Uint8Array<ArrayBuffer>;

async function call(op: SubtleOp, message: SubtleMessage, parts: SubtleParts): Promise<UnpackedSubtle> {
  const { fields, buffers } = packSubtle(message, parts);
  const { iterations, modulusLength } = message.algorithm ?? {};
  const lane = iterations === undefined && modulusLength === undefined ? 'cipher' : 'derivation';
  const reply = await host().call(`${SUBTLE_CALL}.${op}`, fields, buffers, lane).reply;
  return unpackSubtle(reply.fields, reply.buffers);
}

export class SubtleCrypto {
  /** A private field stands for the interface's brand. */
  readonly #constructed: boolean;

  constructor(token: unknown = undefined) {
    this.#constructed = token === constructing;
    if (!this.#constructed) throw new TypeError('Illegal constructor');
  }

  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    this.#check(arguments.length, 2, 'digest');
    const identifier = toIdentifier(algorithm);
    const bytes = source(data);
    const { plain } = normalizeAlgorithm(identifier, 'digest');
    return dataOf(await call('digest', { algorithm: plain }, { data: bytes }));
  }

  async generateKey(algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey | { publicKey: CryptoKey; privateKey: CryptoKey }> {
    this.#check(arguments.length, 3, 'generateKey');
    const identifier = toIdentifier(algorithm);
    const usages = toUsages(keyUsages);
    const { plain, bytes } = normalizeAlgorithm(identifier, 'generateKey');
    const reply = await call('generateKey', { algorithm: plain, usages }, bytes);
    const [first, second] = keysOf(reply, (type) => type === 'public' || Boolean(extractable));
    if (first === undefined) throw new DOMException('The host made no key', 'OperationError');
    return second === undefined ? first : { publicKey: first, privateKey: second };
  }

  async importKey(format: unknown, keyData: unknown, algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    this.#check(arguments.length, 5, 'importKey');
    const keyFormat = toEnum(format, formats, 'KeyFormat');
    const data = isBufferSource(keyData) ? viewBytes(keyData) : toJsonWebKey(keyData);
    const identifier = toIdentifier(algorithm);
    const usages = toUsages(keyUsages);
    const normalized = normalizeAlgorithm(identifier, 'importKey');
    if (isBufferSource(keyData) === (keyFormat === 'jwk')) throw new TypeError(`Key data of format ${keyFormat} is ${keyFormat === 'jwk' ? 'a JsonWebKey' : 'an ArrayBuffer or a view of one'}`);
    return importKey(keyFormat, data, normalized, Boolean(extractable), usages);
  }

  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | JsonWebKey> {
    this.#check(arguments.length, 2, 'exportKey');
    const exported = await exportKey(toEnum(format, formats, 'KeyFormat'), toKey(key));
    return exported instanceof Uint8Array ? exported.buffer : exported;
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    this.#check(arguments.length, 3, 'sign');
    const identifier = toIdentifier(algorithm);
    const usedKey = toKey(key);
    const bytes = source(data);
    return withKey('sign', normalizeAlgorithm(identifier, 'sign'), usedKey, 'sign', bytes);
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    this.#check(arguments.length, 4, 'verify');
    const identifier = toIdentifier(algorithm);
    const usedKey = toKey(key);
    const given = { signature: source(signature), data: source(data) };
    const { plain, bytes } = normalizeAlgorithm(identifier, 'sign');
    const state = usableKey(usedKey, plain.name, 'verify');
    const parts = { ...bytes, key0: state.material, ...given };
    return (await call('verify', { algorithm: plain, keys: [state.key] }, parts)).message.isValid === true;
  }

  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    this.#check(arguments.length, 3, 'encrypt');
    const identifier = toIdentifier(algorithm);
    const usedKey = toKey(key);
    const bytes = source(data);
    return withKey('encrypt', normalizeAlgorithm(identifier, 'encrypt'), usedKey, 'encrypt', bytes);
  }

  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    this.#check(arguments.length, 3, 'decrypt');
    const identifier = toIdentifier(algorithm);
    const usedKey = toKey(key);
    const bytes = source(data);
    return withKey('decrypt', normalizeAlgorithm(identifier, 'encrypt'), usedKey, 'decrypt', bytes);
  }

  async deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    this.#check(arguments.length, 2, 'deriveBits');
    const identifier = toIdentifier(algorithm);
    const usedKey = toKey(baseKey);
    const lengthBits = length === null || length === undefined ? null : toInteger(length, 32, false);
    return deriveBits(normalizeAlgorithm(identifier, 'deriveBits'), usedKey, 'deriveBits', lengthBits);
  }

  async deriveKey(algorithm: unknown, baseKey: unknown, derivedKeyType: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    this.#check(arguments.length, 5, 'deriveKey');
    const identifier = toIdentifier(algorithm);
    const usedKey = toKey(baseKey);
    const derived = toIdentifier(derivedKeyType);
    const usages = toUsages(keyUsages);
    const normalized = normalizeAlgorithm(identifier, 'deriveBits');
    const imported = normalizeAlgorithm(derived, 'importKey');
    const lengthBits = keyLengthBits(normalizeAlgorithm(derived, 'getKeyLength'));
    const secret = await deriveBits(normalized, usedKey, 'deriveKey', lengthBits);
    return importKey('raw', new Uint8Array(secret), imported, Boolean(extractable), usages);
  }

  async wrapKey(format: unknown, key: unknown, wrappingKey: unknown, wrapAlgorithm: unknown): Promise<ArrayBuffer> {
    this.#check(arguments.length, 4, 'wrapKey');
    const keyFormat = toEnum(format, formats, 'KeyFormat');
    const wrapped = toKey(key);
    const wrapping = toKey(wrappingKey);
    const identifier = toIdentifier(wrapAlgorithm);
    const normalized = normalizeAlgorithm(identifier, supports(identifier, 'wrapKey') ? 'wrapKey' : 'encrypt');
    usableKey(wrapping, normalized.plain.name, 'wrapKey');
    const exported = await exportKey(keyFormat, wrapped);
    const bytes = exported instanceof Uint8Array ? exported : encodeUtf8(JSON.stringify(exported));
    return withKey(normalized.plain.name === 'AES-KW' ? 'wrap' : 'encrypt', normalized, wrapping, 'wrapKey', bytes);
  }

  async unwrapKey(
    format: unknown,
    wrappedKey: unknown,
    unwrappingKey: unknown,
    unwrapAlgorithm: unknown,
    unwrappedKeyAlgorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    this.#check(arguments.length, 7, 'unwrapKey');
    const keyFormat = toEnum(format, formats, 'KeyFormat');
    const wrapped = source(wrappedKey);
    const unwrapping = toKey(unwrappingKey);
    const identifier = toIdentifier(unwrapAlgorithm);
    const unwrapped = toIdentifier(unwrappedKeyAlgorithm);
    const usages = toUsages(keyUsages);
    const normalized = normalizeAlgorithm(identifier, supports(identifier, 'wrapKey') ? 'wrapKey' : 'encrypt');
    const imported = normalizeAlgorithm(unwrapped, 'importKey');
    const op = normalized.plain.name === 'AES-KW' ? 'unwrap' : 'decrypt';
    const bytes = new Uint8Array(await withKey(op, normalized, unwrapping, 'unwrapKey', wrapped));
    return importKey(keyFormat, keyFormat === 'jwk' ? parseJwk(bytes) : bytes, imported, Boolean(extractable), usages);
  }

  /** As in Workers: compares in a time that depends on the length alone. */
  timingSafeEqual(a: unknown, b: unknown): boolean {
    this.#check(arguments.length, 2, 'timingSafeEqual');
    const left = source(a);
    const right = source(b);
    if (left.length !== right.length) throw new TypeError('Input buffers must have the same byte length');
    let difference = 0;
    for (let i = 0; i < left.length; i++) difference |= left[i]! ^ right[i]!;
    return difference === 0;
  }

  #check(given: number, required: number, operation: string): void {
    if (this.#constructed) requireArguments(given, required, `SubtleCrypto.${operation}`);
  }
}

decorateInterface('SubtleCrypto', SubtleCrypto);

export const subtle = new SubtleCrypto(constructing);

function source(value: unknown): Bytes {
  if (!isBufferSource(value)) throw new TypeError('Data is not an ArrayBuffer or a view of one');
  return viewBytes(value);
}

function toUsages(value: unknown): KeyUsage[] {
  const usages = toSequence(value, (usage) => toEnum(usage, keyUsages, 'KeyUsage'));
  return keyUsages.filter((usage) => usages.includes(usage));
}

/** AlgorithmIdentifier, which is normalised when all arguments are converted. */
function toIdentifier(value: unknown): unknown {
  return isObject(value) ? value : toDOMString(value);
}

function parseJwk(bytes: Bytes): JsonWebKey {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes));
    if (isObject(value)) return toJsonWebKey(value);
  } catch {
    // A text that is no JSON is the same failure as one that is no JsonWebKey.
  }
  throw new DOMException('The unwrapped key is not a JsonWebKey', 'DataError');
}

function dataOf({ parts }: UnpackedSubtle): ArrayBuffer {
  const data = parts.get('data');
  return data === undefined ? new ArrayBuffer(0) : data.slice().buffer;
}

function keysOf({ message, parts }: UnpackedSubtle, isExtractable: (type: SubtleKey['type']) => boolean): CryptoKey[] {
  return (message.keys ?? []).map((key, index) => {
    const material = copyBytes(parts.get(`key${index}`), 'Key material');
    return newCryptoKey({ key, extractable: isExtractable(key.type), usages: key.usages, material });
  });
}

/** Throws an InvalidAccessError when the key is for another algorithm or not for that usage. */
function usableKey(key: CryptoKey, algorithmName: string, usage: KeyUsage): ReturnType<typeof keyState> {
  const state = keyState(key);
  if (state.key.algorithm.name !== algorithmName) throw new DOMException(`The key is not for ${algorithmName}`, 'InvalidAccessError');
  if (!state.usages.includes(usage)) throw new DOMException(`The key's usages do not permit ${usage}`, 'InvalidAccessError');
  return state;
}

async function withKey(op: SubtleOp, { plain, bytes }: NormalizedAlgorithm, key: CryptoKey, usage: KeyUsage, data: Bytes): Promise<ArrayBuffer> {
  const state = usableKey(key, plain.name, usage);
  return dataOf(await call(op, { algorithm: plain, keys: [state.key] }, { ...bytes, key0: state.material, data }));
}

async function deriveBits({ plain, bytes, publicKey }: NormalizedAlgorithm, baseKey: CryptoKey, usage: KeyUsage, lengthBits: number | null): Promise<ArrayBuffer> {
  const base = usableKey(baseKey, plain.name, usage);
  const other = publicKey === undefined ? undefined : keyState(publicKey);
  if (other !== undefined && (other.key.type !== 'public' || other.key.algorithm.name !== plain.name)) {
    throw new DOMException('The public key does not fit the base key', 'InvalidAccessError');
  }
  const keys = other === undefined ? [base.key] : [base.key, other.key];
  const parts = { ...bytes, key0: base.material, ...(other === undefined ? {} : { key1: other.material }) };
  return dataOf(await call('deriveBits', { algorithm: plain, keys, lengthBits }, parts));
}

async function importKey(format: string, data: Bytes | JsonWebKey, { plain }: NormalizedAlgorithm, extractable: boolean, usages: KeyUsage[]): Promise<CryptoKey> {
  const message: SubtleMessage = { algorithm: plain, usages, extractable, format };
  const isBytes = data instanceof Uint8Array;
  const reply = await call('importKey', isBytes ? message : { ...message, jwk: data }, isBytes ? { data } : {});
  const [key] = keysOf(reply, () => extractable);
  if (key === undefined) throw new DOMException('The host imported no key', 'OperationError');
  return key;
}

/** Bytes, or a JsonWebKey. What is kept in the asked format needs no call. */
async function exportKey(format: string, key: CryptoKey): Promise<Bytes | JsonWebKey> {
  const { key: described, extractable, material } = keyState(key);
  const { name } = described.algorithm;
  if (name === 'HKDF' || name === 'PBKDF2') throw new DOMException(`${name} keys can not be exported`, 'NotSupportedError');
  if (!extractable) throw new DOMException('The key is not extractable', 'InvalidAccessError');
  const kept = { secret: 'raw', private: 'pkcs8', public: 'spki' }[described.type];
  if (format === kept) return material.slice();
  const { message, parts } = await call('exportKey', { keys: [described], format }, { key0: material });
  return format === 'jwk' ? (message.jwk ?? {}) : copyBytes(parts.get('data'), 'Exported key');
}
