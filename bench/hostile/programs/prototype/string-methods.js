// Mechanism: methods of String with which the boundary reads what the host sends
// Defence: primordials
// Contained: held
// Repeats: 2
let seen = '';
for (const name of ['charCodeAt', 'slice', 'indexOf', 'split', 'substring', 'toLowerCase', 'trim']) {
  const native = String.prototype[name];
  String.prototype[name] = function (...args) {
    if (`${this}`.includes('|') && /^[0-9,]+\|/.test(this)) seen += name;
    return Reflect.apply(native, this, args);
  };
}
export default {
  async fetch(request) {
    await request.text();
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    return new Response(seen === '' ? 'held' : `escaped: crossings seen in ${seen}`);
  },
};
