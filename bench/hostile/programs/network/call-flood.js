// Mechanism: thousands of calls of the host under way at once, none of which ends
// Defence: open-calls
// Contained: held|cpu_limit
// Limits: cpu_ms 10000
// Order: alone
export default {
  async fetch() {
    let refused = 0;
    const endless = () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { headers: { 'cache-control': 'max-age=60' } });
    for (let i = 0; i < 3_000; i++) caches.default.put(`http://flood.test/${i}`, endless()).catch(() => refused++);
    await scheduler.wait(500);
    return new Response(refused > 0 ? `held: ${refused} refused` : 'escaped: all taken');
  },
};
