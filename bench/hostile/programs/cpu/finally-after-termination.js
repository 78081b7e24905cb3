// Mechanism: a termination caught by finally, which loops again
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch() {
    for (;;) {
      try {
        for (;;);
      } finally {
        continue;
      }
    }
  },
};
