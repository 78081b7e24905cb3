// Mechanism: a body that comes as a stream, where as many streams are open as there may be
// Defence: open-calls
// Contained: held|overloaded
// Last: overloaded
// Forbidden: isolate_ended
// Body: 300000
// Repeats: 3
// Limits: cpu_ms 5000
// Order: alone
// Workerd: no
const kept = [];
export default {
  async fetch(request, env, context) {
    if (kept.length > 0) return new Response(`escaped: ${(await request.text()).length} bytes taken`);
    for (let i = 0; i < 1_100; i++) {
      const { readable, writable } = new DecompressionStream('deflate-raw');
      const reader = readable.getReader();
      writable.getWriter().write(new Uint8Array(1)).catch(() => {});
      reader.read().catch(() => {});
      kept.push(reader);
    }
    context.waitUntil(scheduler.wait(5_000));
    await scheduler.wait(300);
    return new Response(`held ${kept.length}`);
  },
};
