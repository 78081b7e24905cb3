// Mechanism: promises that never settle, each with a closure
// Defence: memory-limit
// Contained: memory_limit|cpu_limit
// Limits: cpu_ms 1500
const kept = [];
export default {
  async fetch() {
    for (;;) {
      await null;
      for (let i = 0; i < 1_000; i++) kept.push(new Promise(() => undefined).then(() => i));
    }
  },
};
