// Mechanism: one iteration of PBKDF2, with a salt of megabytes that each of thousands of blocks begins with
// Defence: crypto-sizes
// Contained: held|cpu_limit
// Limits: cpu_ms 5000
export default {
  async fetch() {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'PBKDF2', false, ['deriveBits']);
    try {
      const { byteLength } = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: new Uint8Array(4 * 1024 * 1024), iterations: 1 }, key, 8 * 1024 * 1024);
      return new Response(`escaped: derived ${byteLength} bytes`);
    } catch (error) {
      return new Response(`held: ${error.message}`);
    }
  },
};
