// Mechanism: one object with keys without end, whose dictionary doubles
// Defence: thread-loss
// Contained: memory_limit|cpu_limit|cut
// Order: alone
// Class: abort
// Limits: cpu_ms 1500
export default {
  fetch() {
    const object = {};
    for (let i = 0; ; i++) object[`key${i}`] = i;
  },
};
