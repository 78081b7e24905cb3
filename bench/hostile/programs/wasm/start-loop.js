// Mechanism: a start function that loops: it runs when the module is instantiated
// Defence: cpu-budget
// Contained: cpu_limit
import module from './start-loop.wasm';
export default {
  fetch: () => new Response(String(new WebAssembly.Instance(module, {}))),
};
