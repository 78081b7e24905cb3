// Mechanism: a top level that V8 can not stop
// Defence: start-up-trial
// Contained: app_failed_to_start
for (let x = 2n ** 100_000n; ; ) x = x * x;
export default { fetch: () => new Response('started') };
