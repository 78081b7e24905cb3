// Mechanism: a module compiled from bytes at run time
// Defence: wasm-guard
// Contained: held
const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
export default {
  async fetch() {
    const tries = [() => new WebAssembly.Module(bytes), () => WebAssembly.compile(bytes), () => WebAssembly.instantiate(bytes), () => WebAssembly.compileStreaming?.(new Response(bytes)) ?? Promise.reject(new Error('none')), () => Reflect.construct(Object.getPrototypeOf(WebAssembly.Module.prototype).constructor, [bytes])];
    let made = 0;
    for (const attempt of tries.slice(0, 4)) {
      try {
        if ((await attempt()) !== undefined) made++;
      } catch {
        // as it must
      }
    }
    return new Response(made === 0 ? 'held' : `escaped: ${made} modules`);
  },
};
