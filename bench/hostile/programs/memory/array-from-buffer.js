// Mechanism: a buffer of 100 MB copied to an array
// Defence: cell-replacement
// Contained: cut|cpu_limit|memory_limit|app_threw
// Order: alone
// Class: abort
// Limits: cpu_ms 1500
export default {
  fetch: () => new Response(String(Array.from(new Uint8Array(100_000_000)).length)),
};
