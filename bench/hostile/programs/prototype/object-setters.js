// Mechanism: accessors on Object.prototype under names and numbers that the boundary uses
// Defence: primordials
// Contained: held|wall_limit
// Limits: wall_ms 3000
const seen = [];
const names = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable', 'resolve', 'reject', 'requestId', 'fields', 'buffers', 'callId', ...Array(64).keys()];
for (const name of names) {
  Object.defineProperty(Object.prototype, name, {
    __proto__: null,
    configurable: true,
    get: () => undefined,
    set(value) {
      if (name !== 'then') seen[seen.length] = [name, typeof value];
      Object.defineProperty(this, name, { __proto__: null, value, writable: true, configurable: true, enumerable: true });
    },
  });
}
export default {
  async fetch(request) {
    await request.text();
    const { byteLength } = await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    const functions = seen.filter(([, type]) => type === 'function').length;
    return new Response(byteLength === 32 && functions === 0 ? 'held' : `escaped: ${JSON.stringify(seen)}`);
  },
};
