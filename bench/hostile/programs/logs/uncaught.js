// Mechanism: errors thrown in timers, thousands of them, each with a long stack
// Defence: log-rate
// Contained: cpu_limit|held|memory_limit|wall_limit
// Bound: log 900
// Order: alone
// Limits: cpu_ms 1000
const deep = (depth) => { if (depth === 0) throw new Error('deep'); deep(depth - 1); };
Error.stackTraceLimit = 200;
export default {
  async fetch() {
    for (let i = 0; i < 5_000; i++) setTimeout(() => deep(150), 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    return new Response('held');
  },
};
