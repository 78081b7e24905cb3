/** Random bytes inside an isolate: ChaCha20 with fast key erasure (Bernstein, 2017), keyed by the host at attach. */
import { chacha20 } from './chacha/lazy/index.ts';
import { assertHandling } from './clock.ts';

const KEY_BYTES = 32;
const POOL_BYTES = 1024;
const NONCE = new Uint8Array(12);

let key: Uint8Array | undefined;
let pool = new Uint8Array(0);
let used = 0;

/** `seed`: 32 bytes that the host drew for this isolate alone. */
export function seedRandom(seed: Uint8Array): void {
  key = seed;
  used = pool.length;
}

/** Every key is used for one block of output, whose first bytes are the next key. */
function generate(length: number): Uint8Array {
  if (key === undefined) throw new Error('No random seed from the host');
  const output = chacha20(key, NONCE, new Uint8Array(KEY_BYTES + length));
  key = output.slice(0, KEY_BYTES);
  return output.subarray(KEY_BYTES);
}

/** Fills `bytes`. Throws at top level. */
export function randomFill(bytes: Uint8Array): void {
  assertHandling();
  if (bytes.length > POOL_BYTES) {
    bytes.set(generate(bytes.length));
    return;
  }
  if (pool.length - used < bytes.length) {
    pool = new Uint8Array(generate(POOL_BYTES));
    used = 0;
  }
  bytes.set(pool.subarray(used, used + bytes.length));
  pool.fill(0, used, used + bytes.length);
  used += bytes.length;
}
