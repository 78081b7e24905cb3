// Mechanism: every built-in frozen while requests are under way
// Defence: primordials
// Contained: held|app_threw
// Repeats: 3
// Limits: cpu_ms 500
let first = true;
export default {
  async fetch(request) {
    if (first) {
      first = false;
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        const value = globalThis[name];
        if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) continue;
        Object.freeze(value);
        if (value.prototype !== undefined) Object.freeze(value.prototype);
      }
      Object.freeze(globalThis);
    }
    await request.text();
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    return new Response('held');
  },
};
