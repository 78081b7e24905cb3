// Mechanism: toJSON on every prototype, so that whatever the boundary writes as JSON is the tenant's
// Defence: primordials
// Contained: held|app_threw
for (const { prototype } of [Object, Array, String, Number, Boolean]) Object.defineProperty(prototype, 'toJSON', { value: () => ({ forged: 1 }), configurable: true });
export default {
  async fetch() {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), { name: 'AES-GCM' }, true, ['encrypt']);
    const raw = await crypto.subtle.exportKey('raw', key).catch((error) => error);
    return new Response(`held ${raw.byteLength ?? raw.name}`);
  },
};
