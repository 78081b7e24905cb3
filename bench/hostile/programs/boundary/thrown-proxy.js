// Mechanism: what is thrown runs code when it is read: a proxy whose traps loop
// Defence: error-text
// Contained: cpu_limit
const loop = () => {
  for (;;);
};
export default {
  fetch() {
    throw new Proxy(new Error('x'), { get: loop, getPrototypeOf: loop, ownKeys: loop, getOwnPropertyDescriptor: loop });
  },
};
