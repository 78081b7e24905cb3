// Mechanism: what is cached is asked for hundreds of times at once, and each answer is a copy that the host has to make
// Defence: call-lanes
// Contained: held|cpu_limit|memory_limit
// Bound: memory 900
// Limits: cpu_ms 10000
// Order: alone
export default {
  async fetch() {
    const url = 'http://copies.test/';
    await caches.default.put(url, new Response(new Uint8Array(8 * 2 ** 20), { headers: { 'cache-control': 'max-age=60' } }));
    for (let i = 0; i < 500; i++) caches.default.match(url).catch(() => undefined);
    await scheduler.wait(1_000);
    return new Response('held');
  },
};
