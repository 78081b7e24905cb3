// Mechanism: a graph of proxies and getters, printed
// Defence: cpu-budget
// Contained: cpu_limit|held
// Bound: log 900
// Order: alone
const graph = (depth) => new Proxy({}, { ownKeys: () => ['a', 'b', 'c', 'd'], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: graph(depth + 1) }), get: () => graph(depth + 1) });
export default {
  fetch() {
    for (;;) console.log('%o %O %s', graph(0), graph(0), { get toString() { return graph(0); } });
  },
};
