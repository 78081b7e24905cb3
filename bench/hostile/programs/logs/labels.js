// Mechanism: counters, timers and groups of the console under a million names
// Defence: memory-limit
// Contained: cpu_limit|memory_limit|held
// Bound: log 2000
// Order: alone
export default {
  fetch() {
    for (let i = 0; ; i++) {
      console.count(`a label of some length ${i}`);
      console.time(`another label ${i}`);
      console.group('x');
    }
  },
};
