// Mechanism: a table that grows to its end
// Defence: memory-limit
// Contained: held|memory_limit|cpu_limit|cut|app_threw
// Order: alone
// Bound: memory 700
// Class: abort
const kept = [];
export default {
  fetch() {
    for (let i = 0; i < 50; i++) {
      const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
      try {
        table.grow(9_999_999);
      } catch {
        return new Response(`held at ${i}`);
      }
      kept.push(table);
    }
    return new Response('held: the collector will see');
  },
};
