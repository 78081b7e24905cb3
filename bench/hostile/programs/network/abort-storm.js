// Mechanism: calls of the host opened and given up by the thousand
// Defence: cpu-budget
// Contained: held|cpu_limit|app_threw
// Grant: loopback
// Limits: cpu_ms 1000
// Order: alone
// Bound: memory 300
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get('origin');
    for (let i = 0; i < 5_000; i++) {
      const controller = new AbortController();
      fetch(origin, { signal: controller.signal }).catch(() => undefined);
      controller.abort();
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return new Response('held');
  },
};
