// Mechanism: AES-KW, which takes half a second for a megabyte, of a key that is none
// Defence: crypto-sizes
// Contained: held
// Limits: cpu_ms 5000
export default {
  async fetch() {
    const wrapping = await crypto.subtle.generateKey({ name: 'AES-KW', length: 256 }, false, ['wrapKey']);
    const large = await crypto.subtle.importKey('raw', new Uint8Array(1024 * 1024), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
    try {
      const { byteLength } = await crypto.subtle.wrapKey('raw', large, wrapping, 'AES-KW');
      return new Response(`escaped: wrapped ${byteLength} bytes`);
    } catch (error) {
      return new Response(`held: ${error.message}`);
    }
  },
};
