// Mechanism: JSON of an array of a hundred million zeros: V8 aborts the process
// Defence: cell-replacement
// Contained: cut|cpu_limit|memory_limit
// Order: alone
// Class: abort
// Limits: cpu_ms 1500
export default {
  fetch: () => new Response(JSON.stringify(new Array(1e8).fill(0))),
};
