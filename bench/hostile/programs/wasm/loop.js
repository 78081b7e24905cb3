// Mechanism: a loop in WebAssembly
// Defence: cpu-budget
// Contained: cpu_limit
import module from './loop.wasm';
export default {
  fetch() {
    new WebAssembly.Instance(module, {}).exports.loop();
  },
};
