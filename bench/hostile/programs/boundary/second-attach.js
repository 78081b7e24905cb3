// Mechanism: the host's own way in, called again with a function of the tenant
// Defence: attach-once
// Contained: held
let stolen;
export default {
  async fetch() {
    const before = globalThis.__nanos?.('attach', (packed) => (stolen = packed), new ArrayBuffer(12), new ArrayBuffer(32), '{}', '{}', '[]', []);
    await crypto.subtle.digest('SHA-256', new Uint8Array(1));
    return new Response(before === undefined && stolen === undefined ? 'held' : `escaped: ${typeof before} ${stolen}`);
  },
};
