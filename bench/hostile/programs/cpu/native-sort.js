// Mechanism: a native sort of a large typed array
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit|app_threw
export default {
  fetch() {
    for (;;) new Float64Array(4_000_000).map((_, index) => (index * 7919) % 1_000_003).sort();
  },
};
