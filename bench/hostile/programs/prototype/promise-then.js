// Mechanism: then, catch, resolve and species of Promise replaced
// Defence: primordials
// Contained: held
const native = Promise.prototype.then;
let seen = 0;
Promise.prototype.then = function (resolved, rejected) {
  if (typeof resolved === 'function' && /post|packer|flush/.test(Function.prototype.toString.call(resolved))) seen++;
  return Reflect.apply(native, this, [resolved, rejected]);
};
Object.defineProperty(Promise, Symbol.species, { get() { seen += this === undefined ? 1 : 0; return Promise; } });
Promise.resolve = () => new Promise(() => undefined);
export default {
  async fetch(request) {
    await request.text();
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    return new Response(seen === 0 ? 'held' : `escaped: ${seen} of the boundary's steps seen`);
  },
};
