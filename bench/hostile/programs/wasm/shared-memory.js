// Mechanism: a shared memory, by which a clock could be made
// Defence: wasm-guard
// Contained: held|app_threw|build_failed|app_failed_to_start
// Workerd: no
import module from './shared-memory.wasm';
export default {
  fetch() {
    const found = [];
    try {
      found.push(new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }).buffer);
    } catch {
      // as it must
    }
    try {
      found.push(new WebAssembly.Instance(module, {}).exports.memory.buffer);
    } catch {
      // as it must
    }
    for (const name of ['SharedArrayBuffer', 'Atomics']) if (name in globalThis) found.push(name);
    return new Response(found.length === 0 ? 'held' : `escaped: ${found.join(' ')}`);
  },
};
