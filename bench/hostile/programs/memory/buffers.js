// Mechanism: ArrayBuffers, whose bytes are outside V8's heap
// Defence: memory-limit
// Contained: memory_limit|cpu_limit|app_threw
// Limits: cpu_ms 1500
const kept = [];
export default {
  fetch() {
    for (;;) kept.push(new Uint8Array(4 * 1024 * 1024).fill(1));
  },
};
