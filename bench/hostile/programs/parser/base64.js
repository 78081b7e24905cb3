// Mechanism: base64 and percent-encoding of megabytes
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
export default {
  fetch() {
    const text = 'A'.repeat(8_000_000);
    for (;;) btoa(atob(text) + decodeURIComponent('%41'.repeat(100_000)));
  },
};
