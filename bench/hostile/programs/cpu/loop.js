// Mechanism: a loop that gives no control back
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch() {
    for (;;);
  },
};
