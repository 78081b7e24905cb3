// Mechanism: a little more kept with every request
// Defence: memory-limit
// Contained: held|memory_limit|cpu_limit|app_threw|app_restarted
// Repeats: 90
// Order: alone
// Bound: memory 450
// Limits: cpu_ms 1500
const kept = [];
export default {
  fetch() {
    kept.push(new Array(1_000_000).fill(kept.length));
    return new Response(`held ${kept.length}`);
  },
};
