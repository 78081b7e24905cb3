// Mechanism: memories without number, each within its cap
// Defence: wasm-memories
// Contained: held|memory_limit|cpu_limit|app_threw
// Limits: cpu_ms 3000
// Repeats: 5
// Order: alone
// Bound: memory 400
const kept = [];
export default {
  fetch() {
    try {
      for (let i = 0; i < 10; i++) {
        const memory = new WebAssembly.Memory({ initial: 512 });
        new Uint8Array(memory.buffer).fill(1);
        kept.push(memory);
      }
    } catch (error) {
      return new Response(`held at ${kept.length}: ${error.message}`);
    }
    return new Response(`held so far: ${kept.length}`);
  },
};
