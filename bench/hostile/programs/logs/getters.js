// Mechanism: what is printed runs code: getters, proxies, toString
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch() {
    console.log({ get a() { for (;;); } }, new Proxy({}, { ownKeys() { for (;;); } }));
    console.log('%s', { toString() { for (;;); } });
    console.table([{ get a() { for (;;); } }]);
    for (;;);
  },
};
