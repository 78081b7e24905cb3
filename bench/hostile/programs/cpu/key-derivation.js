// Mechanism: work of the host in its own threads: PBKDF2 with ten million rounds
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  async fetch() {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'PBKDF2', false, ['deriveBits']);
    await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(16), iterations: 9_000_000 }, key, 256);
    return new Response('derived');
  },
};
