// Mechanism: a loop at top level
// Defence: start-up-trial
// Contained: app_failed_to_start
for (;;);
export default { fetch: () => new Response('started') };
