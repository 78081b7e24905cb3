// Mechanism: lines without end
// Defence: log-rate
// Contained: cpu_limit|held|memory_limit
// Repeats: 5
// Bound: log 2000
// Order: alone
// Limits: cpu_ms 400
export default {
  fetch() {
    for (let i = 0; ; i++) console.log(`line ${i} ${'x'.repeat(1_000)}`);
  },
};
