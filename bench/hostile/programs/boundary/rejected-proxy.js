// Mechanism: a promise that nobody handles, rejected with a proxy
// Defence: error-text
// Contained: cpu_limit|held|app_restarted
// Order: alone
const loop = () => {
  for (;;);
};
export default {
  async fetch() {
    Promise.reject(new Proxy(function () {}, { get: loop, getPrototypeOf: loop, ownKeys: loop, getOwnPropertyDescriptor: loop, has: loop, apply: loop }));
    await null;
    return new Response('held');
  },
};
