// Mechanism: small objects without end, all kept
// Defence: memory-limit
// Contained: memory_limit|cpu_limit
// Limits: cpu_ms 1500
const kept = [];
export default {
  fetch() {
    for (;;) kept.push({ a: kept.length, b: [kept.length] });
  },
};
