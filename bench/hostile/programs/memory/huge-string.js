// Mechanism: the longest string that there is, made flat: far past the limit for a moment
// Defence: memory-limit
// Contained: memory_limit|cpu_limit|cut|held
// Order: alone
// Bound: memory 1600
// Class: abort
// Limits: cpu_ms 1500
export default {
  fetch() {
    const text = 'x'.repeat(2 ** 29 - 24);
    return new Response(`held: ${text.charCodeAt(5)}`);
  },
};
