// Mechanism: imports that are looked up in a proxy which loops
// Defence: cpu-budget
// Contained: cpu_limit
import module from './import-proxy.wasm';
export default {
  fetch: () => new Response(String(new WebAssembly.Instance(module, new Proxy({}, { get() { for (;;); } })))),
};
