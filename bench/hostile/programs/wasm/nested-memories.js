// Mechanism: memories made in between, while the one before is admitted and not counted yet
// Defence: wasm-count
// Contained: held
// Limits: cpu_ms 3000
const { Memory } = WebAssembly;
const kept = [];
let left = 400;
const make = () => {
  if (left-- > 0) kept.push(Reflect.construct(Memory, [{ get initial() { return 0; } }], new Proxy(function () {}, { get: () => (make(), Memory.prototype) })));
};
export default {
  fetch() {
    try {
      make();
    } catch {
      // nested as deep as they may be
    }
    return new Response(kept.length > 200 ? `escaped: ${kept.length} memories` : `held at ${kept.length}`);
  },
};
