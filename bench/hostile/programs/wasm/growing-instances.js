// Mechanism: instances without number that begin small and grow inside, where nobody sees it
// Defence: memory-guard
// Contained: memory_limit|app_threw|held|cpu_limit
// Limits: cpu_ms 3000
// Order: alone
// Bound: memory 700
import module from './growing-instances.wasm';
const kept = [];
export default {
  fetch() {
    try {
      for (let i = 0; i < 20; i++) {
        const { exports } = new WebAssembly.Instance(module, {});
        kept.push(exports);
      }
    } catch (error) {
      return new Response(`held at ${kept.length}: ${error.message}`);
    }
    for (const { grow } of kept) grow();
    return new Response(`held so far: ${kept.length}`);
  },
};
