// Mechanism: memories without number, with nothing in them
// Defence: wasm-count
// Contained: held
// Limits: cpu_ms 3000
const kept = [];
export default {
  fetch() {
    try {
      while (kept.length < 400) kept.push(new WebAssembly.Memory({ initial: 0 }));
    } catch (error) {
      return new Response(`held at ${kept.length}: ${error.message}`);
    }
    return new Response(`escaped: ${kept.length} memories`);
  },
};
