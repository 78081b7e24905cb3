// Mechanism: a multiplication of BigInts, which V8 does not stop
// Defence: thread-loss
// Contained: cpu_limit|memory_limit|app_restarted
// Order: alone
export default {
  fetch() {
    let x = 2n ** 100_000n;
    for (;;) x = x * x;
  },
};
