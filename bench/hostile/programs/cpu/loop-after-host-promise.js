// Mechanism: a loop behind an awaited answer of the host, where no timeout of the first call holds
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  async fetch() {
    await crypto.subtle.digest('SHA-256', new Uint8Array(8));
    for (;;);
  },
};
