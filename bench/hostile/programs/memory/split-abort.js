// Mechanism: a text of 256 MB split into characters: a size check of V8 ends the process
// Defence: cell-replacement
// Contained: cut|cpu_limit|memory_limit
// Order: alone
// Class: abort
// Limits: cpu_ms 1500
export default {
  fetch: () => new Response(String('a'.repeat(2 ** 28).split('').sort().length)),
};
