// Mechanism: a promise that nobody handles, rejected with what loops when its message is read
// Defence: error-text
// Contained: cpu_limit|held|app_restarted
// Order: alone
export default {
  async fetch() {
    Promise.reject(Object.defineProperties(new Error('x'), {
      message: { get() { for (;;); } },
      stack: { get() { for (;;); } },
      name: { get() { for (;;); } },
    }));
    await null;
    return new Response('held');
  },
};
