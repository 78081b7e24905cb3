// Mechanism: methods and iterator of Array replaced by ones that keep what they are called on
// Defence: primordials
// Contained: held
const kept = [];
const natives = {};
for (const name of ['push', 'map', 'slice', 'splice', 'shift', 'forEach', 'join', 'concat', 'indexOf', 'includes', 'filter']) {
  natives[name] = Array.prototype[name];
  const native = natives[name];
  Array.prototype[name] = function (...args) {
    kept[kept.length] = this;
    for (let i = 0; i < args.length; i++) kept[kept.length] = args[i];
    return Reflect.apply(native, this, args);
  };
}
const suspicious = (value) => typeof value === 'function' && /native code/.test(Function.prototype.toString.call(value)) && value.name === '';
export default {
  async fetch(request) {
    await request.text();
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    console.log('x', { a: [1] });
    setTimeout(() => undefined, 1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    let found = 0;
    for (let i = 0; i < kept.length; i++) if (suspicious(kept[i])) found++;
    return new Response(found === 0 ? 'held' : `escaped: ${found} functions of the host`);
  },
};
