// Mechanism: a large app that puts accessors where V8 puts WebAssembly and SharedArrayBuffer back after a snapshot
// Defence: wasm-guard
// Contained: held|app_failed_to_start
// Ballast: 70000
// Workerd: no
const ballast = String.raw`{{BALLAST}}`;
const given = [];
for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly']) {
  try {
    Object.defineProperty(globalThis, name, { configurable: false, get: () => undefined, set: (value) => given.push(value) });
  } catch {
    // as it must
  }
}
export default {
  fetch() {
    const found = [...given];
    if (typeof globalThis.SharedArrayBuffer === 'function') found.push('SharedArrayBuffer');
    try {
      const { buffer } = new (globalThis.WebAssembly.Memory)({ initial: 1, maximum: 1, shared: true });
      found.push(Object.prototype.toString.call(buffer));
    } catch {
      // as it must
    }
    try {
      new globalThis.WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
      found.push('a module of bytes');
    } catch {
      // as it must
    }
    return new Response(found.length === 0 ? `held ${ballast.length > 70_000}` : `escaped: ${found.join(' ')}`);
  },
};
