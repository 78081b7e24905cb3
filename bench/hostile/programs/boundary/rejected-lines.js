// Mechanism: a promise that nobody handles, rejected with an error whose stack is millions of empty lines
// Defence: error-text
// Contained: cpu_limit|held|app_restarted|memory_limit
// Order: alone
// Bound: memory 900
export default {
  async fetch() {
    Promise.reject(Object.defineProperty(new Error('x'), 'stack', { value: '\n'.repeat(2 ** 26) }));
    await null;
    return new Response('held');
  },
};
