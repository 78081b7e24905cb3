// Mechanism: a top level that awaits what never comes
// Defence: start-up-trial
// Contained: app_failed_to_start
await new Promise(() => undefined);
export default { fetch: () => new Response('started') };
