// Mechanism: an array of the largest length, filled: V8 gives up and parks the thread for ever
// Defence: thread-loss
// Contained: memory_limit|cpu_limit
// Order: alone
// Then: cell_replaced
// Limits: cpu_ms 1500
export default {
  fetch: () => new Response(String(new Array(2 ** 32 - 2).fill(0).length)),
};
