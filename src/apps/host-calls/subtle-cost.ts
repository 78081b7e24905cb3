/** What a call of `crypto.subtle` costs, as far as can be told before it begins; pure. Figures in ms of CPU, low rather than high. */

/** Of any call. */
const CALL_MS = 0.03;
/** Of whatever is hashed or enciphered. */
const BYTE_MS = 1.6e-6;
/** AES-KW goes over everything six times, a block after the other. */
const WRAPPED_BYTE_MS = 1e-4;
/** An iteration of PBKDF2. */
const ITERATION_MS = 0.0002;
/** An RSA key of {@link BASE_BITS}: about half of what is usual, for it is a matter of luck. Twice the bits take sixteen times as long. */
const GENERATION_MS = 60;
const BASE_BITS = 2_048;
const GENERATION_POWER = 4;
/** Signing or deciphering with a private RSA key, by the third power of its length: 0.7 ms at 2,048 bits, 40 ms at 8,192. */
const PRIVATE_KEY_MS = 4e-10;
/** Longer than any that OpenSSL would take. */
const PRIVATE_KEY_BYTES_MAX = 10_000;
/** How much salt a hash takes in the time of an iteration. */
const SALT_BYTES_PER_ITERATION = 64;

const LIGHT_MS = 5;
const SHORT_MS = 100;

const hashBits: Readonly<Record<string, number>> = { 'SHA-1': 160, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 };

interface CostedAlgorithm {
  readonly name: string;
  readonly hash?: string | undefined;
  readonly iterations?: number | undefined;
  readonly modulusLength?: number | undefined;
}

/** Sizes in bytes. */
export interface CostedCall {
  readonly op: string;
  readonly algorithm: CostedAlgorithm | undefined;
  readonly keys: readonly { readonly type: string; readonly algorithm: CostedAlgorithm }[];
  readonly lengthBits: number;
  readonly bytes: number;
  readonly saltBytes: number;
  readonly keyBytes: number;
}

/** In whose line a call waits: those of one line take as long as each other, so that none waits for much more than it takes itself. */
export type SubtleLine = 'light' | 'short' | 'long' | 'generation';

export interface SubtleCost {
  readonly aheadMs: number;
  /** ciphers and hashes, which are too quick to be measured on threads that others share: that is what they cost */
  readonly isExact: boolean;
  readonly line: SubtleLine;
}

export function subtleCost(call: CostedCall): SubtleCost {
  const names = [...(call.algorithm === undefined ? [] : [call.algorithm.name]), ...call.keys.map((key) => key.algorithm.name)];
  const aheadMs = CALL_MS + BYTE_MS * call.bytes + wrappingMs(call, names) + derivationMs(call) + generationMs(call) + privateKeyMs(call);
  const line = isGeneration(call) ? 'generation' : aheadMs <= LIGHT_MS ? 'light' : aheadMs <= SHORT_MS ? 'short' : 'long';
  return { aheadMs, isExact: names.every((name) => /^(?:SHA|MD5|HMAC|AES)/u.test(name)), line };
}

/** Over all blocks of the output; each begins with the salt. */
export function pbkdf2Iterations({ iterations = 0, hash = 'SHA-1' }: CostedAlgorithm, lengthBits: number, saltBytes: number): number {
  const blocks = Math.max(1, Math.ceil(lengthBits / (hashBits[hash] ?? 160)));
  return blocks * (iterations + Math.floor(saltBytes / SALT_BYTES_PER_ITERATION));
}

function derivationMs({ algorithm, lengthBits, saltBytes }: CostedCall): number {
  return algorithm?.name === 'PBKDF2' ? ITERATION_MS * pbkdf2Iterations(algorithm, lengthBits, saltBytes) : 0;
}

function isGeneration({ op, algorithm }: CostedCall): boolean {
  return op === 'generateKey' && algorithm?.modulusLength !== undefined;
}

function generationMs(call: CostedCall): number {
  return isGeneration(call) ? GENERATION_MS * ((call.algorithm?.modulusLength ?? 0) / BASE_BITS) ** GENERATION_POWER : 0;
}

function wrappingMs({ op, bytes }: CostedCall, names: readonly string[]): number {
  return (op === 'wrap' || op === 'unwrap') && names.includes('AES-KW') ? WRAPPED_BYTE_MS * bytes : 0;
}

function privateKeyMs({ op, keys: [key], keyBytes }: CostedCall): number {
  const isPrivate = (op === 'sign' || op === 'decrypt') && key?.type === 'private' && key.algorithm.name.startsWith('RSA');
  return isPrivate ? PRIVATE_KEY_MS * Math.min(keyBytes, PRIVATE_KEY_BYTES_MAX) ** 3 : 0;
}
