// Mechanism: symbols in the registry of the isolate, which is never emptied
// Defence: memory-limit
// Contained: memory_limit|cpu_limit
// Limits: cpu_ms 1500
let made = 0;
export default {
  fetch() {
    for (;;) Symbol.for(`a symbol of some length ${made++}`);
  },
};
