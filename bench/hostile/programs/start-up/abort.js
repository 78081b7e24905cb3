// Mechanism: a top level that aborts V8
// Defence: start-up-trial
// Contained: app_failed_to_start
'a'.repeat(2 ** 28).split('').sort();
export default { fetch: () => new Response('started') };
