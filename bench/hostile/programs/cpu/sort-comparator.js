// Mechanism: a comparator that loops, called from a built-in
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch() {
    [3, 2, 1].sort(() => {
      for (;;);
    });
  },
};
