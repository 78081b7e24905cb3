// Mechanism: one table that V8 must double and can not
// Defence: thread-loss
// Contained: memory_limit|cpu_limit|app_threw
// Order: alone
// Limits: cpu_ms 1500
export default {
  fetch() {
    const map = new Map();
    for (let i = 0; ; i++) map.set(i, i);
  },
};
