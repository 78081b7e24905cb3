// Mechanism: a view over a resizable buffer that was shrunk, as an argument of a host call
// Defence: fixed-buffers
// Contained: held
// Order: alone
export default {
  async fetch() {
    const buffer = new ArrayBuffer(1_048_576, { maxByteLength: 2_097_152 });
    const view = new Uint8Array(buffer);
    buffer.resize(16);
    const { byteLength } = await crypto.subtle.digest('SHA-256', view);
    return new Response(`held ${byteLength}`);
  },
};
