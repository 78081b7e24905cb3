// Mechanism: a walk over every object that can be reached, in search of one of the host's
// Defence: bare-global
// Contained: held
// Limits: cpu_ms 2000
// Workerd: no
const HOST = /^(?:apply(?:Sync|Ignored|SyncPromise)|derefInto|copyInto|createContext|compileScript|createSnapshot|evalClosure|binding|dlopen|mainModule)$/;
function walk() {
  const seen = new Set([globalThis]);
  const found = [];
  const see = (value) => {
    if ((typeof value === 'object' || typeof value === 'function') && value !== null) seen.add(value);
  };
  for (const object of seen) {
    see(Object.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      if (typeof key === 'string' && HOST.test(key)) found.push(key);
      const { value, get, set } = Object.getOwnPropertyDescriptor(object, key) ?? {};
      see(value);
      see(get);
      see(set);
      try {
        if (get !== undefined) see(object[key]);
      } catch {
        // a getter for other objects
      }
    }
    const tag = Object.prototype.toString.call(object);
    if (/SharedArrayBuffer|Reference|Isolate|External/.test(tag) || object?.constructor?.name === 'SharedArrayBuffer') found.push(tag);
  }
  for (const name of ['process', 'require', 'SharedArrayBuffer', 'Atomics', '$ivm']) if (name in globalThis) found.push(name);
  return found;
}
export default {
  fetch(request, env, context) {
    globalThis.given = [request, env, context];
    const found = walk();
    return new Response(found.length === 0 ? 'held' : `escaped: ${found.join(' ')}`);
  },
};
