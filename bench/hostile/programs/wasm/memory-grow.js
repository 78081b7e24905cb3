// Mechanism: a memory that grows until it is refused, every page touched
// Defence: wasm-pages
// Contained: held
// Limits: cpu_ms 5000
// Order: alone
import module from './memory-grow.wasm';
export default {
  async fetch() {
    const { exports } = await WebAssembly.instantiate(module, {});
    const instance = exports ?? (await WebAssembly.instantiate(module, {})).exports;
    const pages = instance.grow();
    return new Response(pages <= 2_048 ? `held at ${pages} pages` : `escaped: ${pages} pages`);
  },
};
