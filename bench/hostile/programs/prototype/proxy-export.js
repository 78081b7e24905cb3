// Mechanism: the app itself is a proxy that answers differently at every look
// Defence: cpu-budget
// Contained: cpu_limit|app_threw|held
// Repeats: 4
let looks = 0;
export default new Proxy({}, {
  get(_target, name) {
    if (name !== 'fetch') return undefined;
    if (looks++ < 3) return () => new Response('held');
    for (;;);
  },
  has: () => true,
});
