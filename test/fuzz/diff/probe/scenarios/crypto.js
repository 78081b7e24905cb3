/** Whole uses of keys, whose results don't depend on chance. */
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** workerd's has a member for each that a JsonWebKey can have. */
const exported = async (key) => JSON.parse(JSON.stringify(await crypto.subtle.exportKey('jwk', key)));

const raw = (bytes, algorithm, usages) => crypto.subtle.importKey('raw', bytes, algorithm, true, usages);

export async function hmac({ key, hash, data, length }) {
  const imported = await raw(key, { name: 'HMAC', hash, ...(length === undefined ? {} : { length }) }, ['sign', 'verify']);
  const signature = await crypto.subtle.sign('HMAC', imported, data);
  return [hex(signature), await crypto.subtle.verify('HMAC', imported, signature, data), imported.algorithm, await exported(imported)];
}

export async function encrypted({ key, name, iv, data, additionalData, tagLength, counterBits }) {
  const imported = await raw(key, name, ['encrypt', 'decrypt']);
  const algorithm = name === 'AES-CTR' ? { name, counter: iv, length: counterBits } : { name, iv, ...(additionalData === undefined ? {} : { additionalData }), ...(tagLength === undefined ? {} : { tagLength }) };
  const sealed = await crypto.subtle.encrypt(algorithm, imported, data);
  return [hex(sealed), hex(await crypto.subtle.decrypt(algorithm, imported, sealed)), await exported(imported)];
}

export async function derived({ key, name, hash, salt, info, iterations, bits }) {
  const base = await crypto.subtle.importKey('raw', key, name, false, ['deriveBits', 'deriveKey']);
  const algorithm = name === 'HKDF' ? { name, hash, salt, info } : { name, hash, salt, iterations };
  const secret = await crypto.subtle.deriveBits(algorithm, base, bits);
  const made = await crypto.subtle.deriveKey(algorithm, base, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  return [hex(secret), hex(await crypto.subtle.exportKey('raw', made))];
}

export async function wrapped({ key, wrapping, format }) {
  const inner = await raw(key, 'AES-GCM', ['encrypt']);
  const outer = await raw(wrapping, 'AES-KW', ['wrapKey', 'unwrapKey']);
  const sealed = await crypto.subtle.wrapKey(format, inner, outer, 'AES-KW');
  const opened = await crypto.subtle.unwrapKey(format, sealed, outer, 'AES-KW', 'AES-GCM', true, ['encrypt', 'decrypt']);
  return [hex(sealed), opened.usages, await exported(opened)];
}

/** A pair of keys of its own: what is told holds for every pair. */
export async function pair({ algorithm, usages, data, damage }) {
  const keys = await crypto.subtle.generateKey(algorithm, true, usages);
  const use = algorithm.name === 'ECDSA' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: algorithm.name, saltLength: 32 };
  const signature = new Uint8Array(await crypto.subtle.sign(use, keys.privateKey, data));
  if (damage && signature.length > 0) signature[0] ^= 1;
  const { n, x, y, d, p, q, dp, dq, qi, ...jwk } = await exported(keys.privateKey);
  return [signature.length, await crypto.subtle.verify(use, keys.publicKey, signature, data), jwk, [n, x, y, d, p, q, dp, dq, qi].map((part) => part === undefined || part.length > 20), keys.publicKey.usages, keys.privateKey.usages, keys.publicKey.extractable];
}
