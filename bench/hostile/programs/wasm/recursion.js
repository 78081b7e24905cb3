// Mechanism: recursion in WebAssembly to the end of the stack, again and again
// Defence: cpu-budget
// Contained: cpu_limit
import module from './recursion.wasm';
export default {
  fetch() {
    const { recurse } = new WebAssembly.Instance(module, {}).exports;
    for (;;) {
      try {
        recurse(0);
      } catch {
        // a RangeError
      }
    }
  },
};
