// Mechanism: memory without end at top level
// Defence: start-up-trial
// Contained: app_failed_to_start
const kept = [];
for (;;) kept.push(new Array(100_000).fill(kept.length));
export default { fetch: () => new Response('started') };
