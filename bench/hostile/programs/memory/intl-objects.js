// Mechanism: native memory behind small objects, which V8 does not count, kept over many requests
// Defence: memory-guard
// Contained: held|memory_limit|cpu_limit|app_restarted
// Repeats: 250
// Order: alone
// Bound: memory 300
// Limits: cpu_ms 1500
const kept = [];
export default {
  fetch() {
    for (let i = 0; i < 60; i++) kept.push(new Intl.DateTimeFormat('en', { dateStyle: 'full' }));
    return new Response(`held ${kept.length}`);
  },
};
