// Mechanism: constructors and accessors of typed arrays replaced, to get at the memory that is shared with the host
// Defence: primordials
// Contained: held
// Repeats: 2
const shared = [];
const look = (value) => {
  if (Object.prototype.toString.call(value) === '[object SharedArrayBuffer]') shared.push(value);
};
const typed = Object.getPrototypeOf(Uint8Array.prototype);
const { get } = Object.getOwnPropertyDescriptor(typed, 'buffer');
Object.defineProperty(typed, 'buffer', { configurable: true, get() { const buffer = Reflect.apply(get, this, []); look(buffer); return buffer; } });
for (const name of ['Uint8Array', 'Int32Array', 'ArrayBuffer', 'DataView']) {
  globalThis[name] = new Proxy(globalThis[name], { construct: (target, args, newTarget) => { args.forEach(look); const made = Reflect.construct(target, args, newTarget); look(made); return made; } });
}
for (const name of ['set', 'fill', 'subarray', 'slice']) {
  const native = typed[name];
  typed[name] = function (...args) { look(Reflect.apply(get, this, [])); return Reflect.apply(native, this, args); };
}
export default {
  async fetch(request) {
    await request.arrayBuffer();
    crypto.getRandomValues(new Uint8Array(16));
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    return new Response(shared.length === 0 ? 'held' : 'escaped: shared memory');
  },
};
