// Mechanism: a prototype chain of proxies whose traps look each property up again
// Defence: cpu-budget
// Contained: cpu_limit
const endless = new Proxy({}, { get: (_target, name, receiver) => receiver[`${String(name)}.`], has: () => true });
export default {
  fetch() {
    try {
      return new Response(endless.x);
    } catch {
      for (;;) try { endless.x; } catch { /* the stack is full: again */ }
    }
  },
};
