// Mechanism: call, apply and bind of Function replaced
// Defence: primordials
// Contained: held
const functions = new Set();
for (const name of ['call', 'apply', 'bind']) {
  const native = Function.prototype[name];
  Object.defineProperty(Function.prototype, name, {
    configurable: true,
    value: function (...args) {
      functions.add(this);
      return Reflect.apply(native, this, args);
    },
  });
}
const mine = (f) => f === undefined || f.name !== '' || !/native code/.test(`${f}`);
export default {
  async fetch(request) {
    await request.arrayBuffer();
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    return new Response([...functions].every(mine) ? 'held' : 'escaped: a function of the host');
  },
};
