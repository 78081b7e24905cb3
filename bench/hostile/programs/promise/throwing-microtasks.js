// Mechanism: microtasks that throw what is costly to describe
// Defence: cpu-budget
// Contained: cpu_limit|held|memory_limit
// Bound: log 900
// Order: alone
const costly = { toString() { return 'x'.repeat(1_000_000); }, get stack() { return 'y'.repeat(1_000_000); }, get message() { return 'z'.repeat(1_000_000); } };
export default {
  async fetch() {
    for (let i = 0; i < 50_000; i++) queueMicrotask(() => { throw costly; });
    await null;
    return new Response('held');
  },
};
