// Mechanism: RSA keys that are as long in the making as may be, by several tenants at once
// Defence: cpu-budget
// Contained: cpu_limit
// Copies: 4
export default {
  async fetch() {
    const algorithm = { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 4_096, publicExponent: new Uint8Array([1, 0, 1]) };
    await Promise.all(Array.from({ length: 16 }, () => crypto.subtle.generateKey(algorithm, true, ['sign'])));
    return new Response('generated');
  },
};
