// Mechanism: twenty tenants loop at once: more entries than cores would starve a neighbour
// Defence: entry-turns
// Contained: cpu_limit
// Copies: 20
// Order: alone
// Bound: threads 10
// Limits: cpu_ms 150
export default {
  fetch() {
    for (;;);
  },
};
