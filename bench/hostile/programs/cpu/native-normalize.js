// Mechanism: one native call over a text of many megabytes, which checks for no interrupt
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
export default {
  fetch() {
    const text = '\u1e9b\u0323'.repeat(4_000_000);
    for (;;) text.normalize('NFKD');
  },
};
