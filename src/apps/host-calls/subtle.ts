import { createHash, webcrypto } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { onWorker } from '../../sandbox/isolate/worker-cpu.ts';
import { FairTurns } from '../../util/fair-turns.ts';
import { pbkdf2Iterations, subtleCost, type SubtleCost, type SubtleLine } from './subtle-cost.ts';
import { packSubtle, type SubtleAlgorithm, type SubtleKey, type SubtleMessage, type SubtleOp, subtleOps, type SubtleParts, unpackSubtle } from '../../protocol/subtle.ts';

/** Limits on what one call may cost the host. */
export const SUBTLE_LIMITS = {
  /** PBKDF2, over all blocks of its output, 64 bytes of salt counted as one for each */
  iterationsMax: 10_000_000,
  modulusBitsMin: 512,
  modulusBitsMax: 8_192,
  /** twice as many would take sixteen times as long, and can't be stopped */
  generatedModulusBitsMax: 4_096,
  /** keys of a private or public kind, in any format, and what AES-KW wraps */
  asymmetricKeyBytesMax: 64 * 1024,
  outputBytesMax: 1024 * 1024,
  /** what is no bytes, as JSON; it is read in one go */
  messageCharsMax: 256 * 1024,
} as const;

/**
 * Calls under way at once, by what they take; more wait, and the apps take turns. Together they leave some of the cell's threads to others
 * (`UV_THREADPOOL_SIZE` of host/child-flags.ts), and no line waits for another.
 */
const TURNS: Readonly<Record<SubtleLine, FairTurns>> = {
  light: new FairTurns(4),
  short: new FairTurns(2),
  long: new FairTurns(1),
  generation: new FairTurns(1),
};
/** Of MD5, which runs on the cell's own thread: about 1 ms. */
const MD5_SLICE_BYTES = 512 * 1024;

const { subtle } = webcrypto;
type CryptoKey = webcrypto.CryptoKey;
type KeyUsage = webcrypto.KeyUsage;
type Bytes = Uint8Array<ArrayBuffer>;
type Parts = ReadonlyMap<string, Bytes>;

const rsa = ['RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP'] as const;
const names = z.enum([...rsa, 'ECDSA', 'ECDH', 'Ed25519', 'Ed448', 'X25519', 'X448', 'AES-CTR', 'AES-CBC', 'AES-GCM', 'AES-KW', 'HMAC', 'HKDF', 'PBKDF2', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'MD5']);
const hashes = z.enum(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']);
const uint32 = z.number().int().min(0).max(0xffff_ffff);
const usages = z.array(z.enum(['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'])).max(8);

const algorithmSchema = z.object({
  name: names,
  hash: hashes.optional(),
  namedCurve: z.enum(['P-256', 'P-384', 'P-521']).optional(),
  length: uint32.max(SUBTLE_LIMITS.outputBytesMax * 8).optional(),
  modulusLength: uint32.optional(),
  saltLength: uint32.max(SUBTLE_LIMITS.modulusBitsMax).optional(),
  tagLength: uint32.optional(),
  iterations: uint32.optional(),
});

const messageSchema = z.object({
  algorithm: algorithmSchema.optional(),
  usages: usages.optional(),
  extractable: z.boolean().optional(),
  format: z.enum(['raw', 'spki', 'pkcs8', 'jwk']).optional(),
  jwk: z.record(z.string(), z.unknown()).optional(),
  keys: z.array(z.object({ type: z.enum(['secret', 'private', 'public']), algorithm: algorithmSchema, usages })).max(2).optional(),
  lengthBits: uint32.nullable().optional(),
});

type Message = z.infer<typeof messageSchema>;
type Algorithm = z.infer<typeof algorithmSchema>;

interface Outcome {
  message?: SubtleMessage;
  parts?: SubtleParts;
}

export interface SubtleResult {
  fields: string[];
  buffers: ArrayBuffer[];
}

const handlers: Readonly<Record<SubtleOp, (message: Message, parts: Parts) => Promise<Outcome>>> = {
  digest,
  generateKey,
  importKey,
  exportKey,
  sign,
  verify,
  encrypt,
  decrypt,
  deriveBits,
  wrap,
  unwrap,
};

/** Who asks. */
export interface SubtleCaller {
  readonly app: string;
  /** aborted: a call that waits for its turn is given up */
  readonly signal: AbortSignal;
  /** Charges the work, in ms of CPU. */
  chargeCpu(cpuMs: number): void;
}

/** Runs one call of protocol/subtle.ts; everything in it is the guest's word. Throws the DOMException or TypeError that the guest shall see. */
export async function runSubtle(op: string, fields: readonly string[], buffers: readonly ArrayBuffer[], caller: SubtleCaller): Promise<SubtleResult> {
  const known = subtleOps.find((candidate) => candidate === op);
  if (known === undefined) throw new TypeError(`There is no subtle.${op.slice(0, 40)}`);
  if ((fields[0]?.length ?? 0) > SUBTLE_LIMITS.messageCharsMax) throw new DOMException('The key is too large', 'DataError');
  const { message, parts } = unpackSubtle(fields, buffers);
  const checked = check(message);
  checkLimits(known, checked, parts);
  const cost = costOf(known, checked, parts);
  // what nobody can pay for is not begun, for it could not be stopped
  caller.chargeCpu(cost.aheadMs);
  const end = await TURNS[cost.line].take(caller.app, caller.signal);
  try {
    return packed(await charged(cost, caller, () => handlers[known](checked, parts)).catch(throwForGuest));
  } finally {
    end();
  }
}

/** What fails has cost as much. */
async function charged({ isExact, aheadMs }: SubtleCost, caller: SubtleCaller, work: () => Promise<Outcome>): Promise<Outcome> {
  if (isExact) return work();
  const { result, cpuMs } = await onWorker(async () => {
    const [settled] = await Promise.allSettled([work()]);
    return settled;
  });
  caller.chargeCpu(Math.max(0, cpuMs - aheadMs));
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

function costOf(op: SubtleOp, { algorithm, keys = [], lengthBits }: Message, parts: Parts): SubtleCost {
  const size = (name: string): number => parts.get(name)?.length ?? 0;
  const bytes = [...parts.values()].reduce((sum, { length }) => sum + length, 0);
  return subtleCost({ op, algorithm, keys, lengthBits: lengthBits ?? 0, bytes, saltBytes: size('salt'), keyBytes: size('key0') });
}

/** Of what takes longer the larger it is, and can't be stopped. */
function checkLimits(op: SubtleOp, message: Message, parts: Parts): void {
  const { algorithm } = message;
  if (op === 'generateKey' && algorithm?.modulusLength !== undefined) checkRsa(algorithm.modulusLength, part(parts, 'publicExponent'));
  if (op === 'deriveBits' && algorithm !== undefined) checkDerivation(algorithm, message.lengthBits ?? 0, parts.get('salt')?.length ?? 0);
  const isWrapping = op === 'wrap' || op === 'unwrap';
  if (isWrapping && part(parts, 'data').length > SUBTLE_LIMITS.asymmetricKeyBytesMax) throw new DOMException(`AES-KW wraps at most ${SUBTLE_LIMITS.asymmetricKeyBytesMax} bytes`, 'OperationError');
}

function checkDerivation(algorithm: Algorithm, lengthBits: number, saltBytes: number): void {
  if (lengthBits > SUBTLE_LIMITS.outputBytesMax * 8) throw new DOMException('The length is too large', 'OperationError');
  if (algorithm.name !== 'PBKDF2' || pbkdf2Iterations(algorithm, lengthBits, saltBytes) <= SUBTLE_LIMITS.iterationsMax) return;
  throw new DOMException(`PBKDF2 is limited to ${SUBTLE_LIMITS.iterationsMax} iterations, counted for each block of output`, 'NotSupportedError');
}

function packed({ message = {}, parts = {} }: Outcome): SubtleResult {
  const { fields, buffers } = packSubtle(message, parts);
  return { fields, buffers: buffers.map((bytes) => bytes.buffer) };
}

/** Failures without a meaning for the guest are OperationErrors, as the standard has them. */
function throwForGuest(error: unknown): never {
  if (error instanceof DOMException || error instanceof TypeError || error instanceof RangeError) throw error;
  throw new DOMException('The operation failed', { name: 'OperationError', cause: error });
}

function check(message: SubtleMessage): Message {
  const result = messageSchema.safeParse(message);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DOMException(`${issue?.path.join('.') ?? 'Call'} is not supported: ${issue?.message ?? ''}`, 'NotSupportedError');
}

function part(parts: Parts, name: string): Bytes {
  const bytes = parts.get(name);
  if (bytes === undefined) throw new TypeError(`The call lacks ${name}`);
  return bytes;
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`The call lacks ${name}`);
  return value;
}

const byteMembers = ['counter', 'iv', 'additionalData', 'label', 'salt', 'context', 'info', 'publicExponent'];

/** The algorithm as Node takes it: members of bytes come from the parts. */
function withBytes(algorithm: Algorithm | undefined, parts: Parts): Algorithm {
  const present = byteMembers.filter((name) => parts.has(name));
  return { ...required(algorithm, 'algorithm'), ...Object.fromEntries(present.map((name) => [name, parts.get(name)])) };
}

async function digest({ algorithm }: Message, parts: Parts): Promise<Outcome> {
  const { name } = required(algorithm, 'algorithm');
  const data = part(parts, 'data');
  if (name === 'MD5') return { parts: { data: await md5(data) } };
  return dataOutcome(await subtle.digest(name, data));
}

async function md5(data: Bytes): Promise<Bytes> {
  const hash = createHash('md5');
  for (let at = 0; at < data.length; at += MD5_SLICE_BYTES) {
    if (at > 0) await setImmediate();
    hash.update(data.subarray(at, at + MD5_SLICE_BYTES));
  }
  return hash.digest();
}

function dataOutcome(data: ArrayBuffer): Outcome {
  return { parts: { data: new Uint8Array(data) } };
}

async function generateKey({ algorithm, usages = [] }: Message, parts: Parts): Promise<Outcome> {
  const made = await subtle.generateKey(withBytes(algorithm, parts), true, usages);
  return keysOutcome('privateKey' in made ? [made.publicKey, made.privateKey] : [made]);
}

/** Other exponents than 3 and 65537 can make the search for primes endless. */
function checkRsa(modulusBits: number, publicExponent: Bytes): void {
  checkModulus(modulusBits, SUBTLE_LIMITS.generatedModulusBitsMax);
  const exponent = publicExponent.reduce((value, byte) => value * 256 + byte, 0);
  if (exponent !== 3 && exponent !== 65_537) throw new DOMException('The public exponent must be 3 or 65537', 'OperationError');
}

function checkModulus(bits: number, bitsMax: number = SUBTLE_LIMITS.modulusBitsMax): void {
  if (bits >= SUBTLE_LIMITS.modulusBitsMin && bits <= bitsMax) return;
  throw new DOMException(`RSA keys must have ${SUBTLE_LIMITS.modulusBitsMin} to ${bitsMax} bits here`, 'OperationError');
}

async function importKey(message: Message, parts: Parts): Promise<Outcome> {
  const { format, usages = [], extractable = false } = message;
  const algorithm = required(message.algorithm, 'algorithm');
  const key = await importAny(required(format, 'format'), message, parts, algorithm, extractable, usages);
  return isDerivable(algorithm.name) ? { message: { keys: [describe(key)] }, parts: { key0: part(parts, 'data') } } : keysOutcome([key]);
}

async function importAny(format: string, { jwk }: Message, parts: Parts, algorithm: Algorithm, extractable: boolean, usages: KeyUsage[]): Promise<CryptoKey> {
  checkKeySize(algorithm.name, format === 'jwk' ? JSON.stringify(jwk ?? {}).length : part(parts, 'data').length);
  if (format !== 'jwk') return subtle.importKey(format as 'raw', part(parts, 'data'), algorithm, !isDerivable(algorithm.name), usages);
  const { ext, ...rest } = required(jwk, 'jwk');
  if (extractable && ext === false) throw new DOMException('The JsonWebKey is not extractable', 'DataError');
  return subtle.importKey('jwk', rest, algorithm, true, usages);
}

/** Node refuses to make these extractable, as the standard says. */
function isDerivable(name: string): boolean {
  return name === 'HKDF' || name === 'PBKDF2';
}

function checkKeySize(name: string, bytes: number): void {
  const isSymmetric = name.startsWith('AES') || name === 'HMAC' || isDerivable(name);
  const bytesMax = isSymmetric ? SUBTLE_LIMITS.outputBytesMax * 2 : SUBTLE_LIMITS.asymmetricKeyBytesMax;
  if (bytes > bytesMax) throw new DOMException(`The key is larger than ${bytesMax} bytes`, 'DataError');
}

async function keysOutcome(keys: readonly CryptoKey[]): Promise<Outcome> {
  const parts: SubtleParts = {};
  for (const [index, key] of keys.entries()) parts[`key${index}`] = await material(key);
  return { message: { keys: keys.map(describe) }, parts };
}

const materialFormats = { secret: 'raw', private: 'pkcs8', public: 'spki' } as const;

async function material(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await subtle.exportKey(materialFormats[key.type], key));
}

function describe(key: CryptoKey): SubtleKey {
  const { publicExponent, hash, modulusLength, ...rest } = key.algorithm as webcrypto.RsaHashedKeyAlgorithm;
  const algorithm: SubtleKey['algorithm'] = { ...(rest as SubtleAlgorithm) };
  if (modulusLength !== undefined) {
    checkModulus(modulusLength);
    algorithm.modulusLength = modulusLength;
  }
  if (publicExponent !== undefined) algorithm.publicExponent = [...publicExponent];
  if (hash !== undefined) algorithm.hash = hash.name;
  return { type: key.type, algorithm, usages: [...key.usages] };
}

/** A key of the message, made usable for one thing. */
async function takeKey({ keys = [] }: Message, parts: Parts, index: number, usages: KeyUsage[]): Promise<CryptoKey> {
  const { type, algorithm } = required(keys[index], `key ${index}`);
  const bytes = part(parts, `key${index}`);
  checkKeySize(algorithm.name, bytes.length);
  const key = await subtle.importKey(materialFormats[type] as 'raw', bytes, algorithm, !isDerivable(algorithm.name), usages);
  const { modulusLength } = key.algorithm as Partial<webcrypto.RsaHashedKeyAlgorithm>;
  if (modulusLength !== undefined) checkModulus(modulusLength);
  return key;
}

async function exportKey(message: Message, parts: Parts): Promise<Outcome> {
  const format = required(message.format, 'format');
  const key = await takeKey(message, parts, 0, message.keys?.[0]?.usages ?? []);
  if (format === 'jwk') return { message: { jwk: { ...(await subtle.exportKey('jwk', key)) } } };
  return dataOutcome(await subtle.exportKey(format, key));
}

async function sign(message: Message, parts: Parts): Promise<Outcome> {
  const key = await takeKey(message, parts, 0, ['sign']);
  return dataOutcome(await subtle.sign(withBytes(message.algorithm, parts), key, part(parts, 'data')));
}

async function verify(message: Message, parts: Parts): Promise<Outcome> {
  const key = await takeKey(message, parts, 0, ['verify']);
  const isValid = await subtle.verify(withBytes(message.algorithm, parts), key, part(parts, 'signature'), part(parts, 'data'));
  return { message: { isValid } };
}

async function encrypt(message: Message, parts: Parts): Promise<Outcome> {
  const key = await takeKey(message, parts, 0, ['encrypt']);
  return dataOutcome(await subtle.encrypt(withBytes(message.algorithm, parts), key, part(parts, 'data')));
}

async function decrypt(message: Message, parts: Parts): Promise<Outcome> {
  const key = await takeKey(message, parts, 0, ['decrypt']);
  return dataOutcome(await subtle.decrypt(withBytes(message.algorithm, parts), key, part(parts, 'data')));
}

async function deriveBits(message: Message, parts: Parts): Promise<Outcome> {
  const algorithm = required(message.algorithm, 'algorithm');
  const lengthBits = message.lengthBits ?? null;
  const key = await takeKey(message, parts, 0, ['deriveBits']);
  const isAgreement = algorithm.name === 'ECDH' || algorithm.name === 'X25519' || algorithm.name === 'X448';
  const other = isAgreement ? { public: await takeKey(message, parts, 1, []) } : {};
  const parameters = { ...withBytes(algorithm, parts), ...other } as webcrypto.EcdhKeyDeriveParams;
  return dataOutcome(await subtle.deriveBits(parameters, key, lengthBits));
}

/** A key of any bytes: what AES-KW wraps and unwraps here, so that the bytes may be of any format. */
const anyBytes = { name: 'HMAC', hash: 'SHA-256' };

async function wrap(message: Message, parts: Parts): Promise<Outcome> {
  const key = await takeKey(message, parts, 0, ['wrapKey']);
  const data = part(parts, 'data');
  if (data.length % 8 !== 0 || data.length < 16) throw new DOMException('AES-KW wraps multiples of 8 bytes, at least 16', 'OperationError');
  const wrapped = await subtle.importKey('raw', data, anyBytes, true, ['sign']);
  return dataOutcome(await subtle.wrapKey('raw', wrapped, key, 'AES-KW'));
}

async function unwrap(message: Message, parts: Parts): Promise<Outcome> {
  const key = await takeKey(message, parts, 0, ['unwrapKey']);
  const unwrapped = await subtle.unwrapKey('raw', part(parts, 'data'), key, 'AES-KW', anyBytes, true, ['sign']);
  return dataOutcome(await subtle.exportKey('raw', unwrapped));
}
