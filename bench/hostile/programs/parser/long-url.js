// Mechanism: a URL of megabytes with a hundred thousand steps upwards
// Defence: cpu-budget
// Contained: cpu_limit|held|memory_limit
export default {
  fetch() {
    for (;;) new URL(`http://a/${'b/../'.repeat(300_000)}?${'%zz'.repeat(100_000)}`);
  },
};
