// Mechanism: a WeakMap whose values keep the next keys: what the collector must follow again and again
// Defence: thread-loss
// Contained: memory_limit|cpu_limit
// Order: alone
// Limits: cpu_ms 1500
export default {
  fetch() {
    const map = new WeakMap();
    const first = {};
    for (let key = first; ; ) {
      const next = { key };
      map.set(key, next);
      key = next;
    }
  },
};
