// Mechanism: globals replaced by others after the host has attached
// Defence: primordials
// Contained: held|app_threw
// Repeats: 3
class Evil { constructor() { return new Proxy(this, { get: () => Evil }); } }
let turned = false;
export default {
  async fetch(request) {
    const { Response: Native } = globalThis;
    const { subtle } = crypto;
    if (!turned) for (const name of ['Promise', 'Array', 'Object', 'Map', 'Set', 'Headers', 'Request', 'URL', 'TextEncoder', 'TextDecoder', 'AbortController', 'ReadableStream', 'Error', 'TypeError', 'Date', 'Symbol']) globalThis[name] = Evil;
    turned = true;
    await request.text();
    await subtle.digest('SHA-256', new Uint8Array(4));
    return new Native('held');
  },
};
