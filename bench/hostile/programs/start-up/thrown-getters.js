// Mechanism: a top level that throws what loops when it is read
// Defence: start-up-trial
// Contained: app_failed_to_start
throw new Proxy({ get message() { for (;;); } }, { get() { for (;;); } });
export default { fetch: () => new Response('started') };
