// Mechanism: instances without number, each with a memory of its own
// Defence: wasm-memories
// Contained: held|memory_limit|cpu_limit|app_threw
// Limits: cpu_ms 3000
// Repeats: 5
// Order: alone
// Bound: memory 400
import module from './many-instances.wasm';
const kept = [];
export default {
  fetch() {
    try {
      for (let i = 0; i < 10; i++) {
        const instance = new WebAssembly.Instance(module, {});
        instance.exports.fill();
        kept.push(instance.exports.fill);
      }
    } catch (error) {
      return new Response(`held at ${kept.length}: ${error.message}`);
    }
    return new Response(`held so far: ${kept.length}`);
  },
};
