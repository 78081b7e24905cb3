// Mechanism: a body that is a memory of WebAssembly, which can not be moved out and grows meanwhile
// Defence: fixed-buffers
// Contained: 200|held|app_threw|cut
// Repeats: 3
import module from './memory-as-body.wasm';
export default {
  fetch() {
    const { memory } = new WebAssembly.Instance(module, {}).exports;
    const response = new Response(new Uint8Array(memory.buffer));
    queueMicrotask(() => memory.grow(1));
    return response;
  },
};
