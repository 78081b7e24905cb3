// Mechanism: a hundred thousand rejections that nobody handles
// Defence: cpu-budget
// Contained: held|cpu_limit|memory_limit|app_restarted
// Bound: log 900
// Order: alone
export default {
  async fetch() {
    for (let i = 0; i < 100_000; i++) Promise.reject(new Error(`rejected ${i}`));
    await null;
    return new Response('held');
  },
};
