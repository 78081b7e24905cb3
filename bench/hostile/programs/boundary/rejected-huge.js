// Mechanism: a promise that nobody handles, rejected with an error whose text has 100 MB
// Defence: error-text
// Contained: cpu_limit|held|app_restarted|memory_limit
// Order: alone
// Bound: memory 900
export default {
  async fetch() {
    const error = new Error('y'.repeat(2 ** 26));
    for (let i = 0; i < 200; i++) Promise.reject(error);
    await null;
    return new Response('held');
  },
};
