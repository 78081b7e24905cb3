// Mechanism: a private key of 8,192 bits that is none: each use takes long and fails, again and again
// Defence: cpu-budget
// Contained: cpu_limit
// Limits: cpu_ms 150
const base64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const odd = (length) => base64(crypto.getRandomValues(new Uint8Array(length)).map((byte, index) => (index === 0 ? byte | 0xc0 : index === length - 1 ? byte | 1 : byte)));
export default {
  async fetch() {
    const jwk = { kty: 'RSA', n: odd(1_024), e: 'AQAB', d: odd(1_023), p: odd(512), q: odd(512), dp: odd(511), dq: odd(511), qi: odd(511) };
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['decrypt']);
    for (;;) await crypto.subtle.decrypt('RSA-OAEP', key, new Uint8Array(1_024).fill(1, 1)).catch(() => undefined);
  },
};
