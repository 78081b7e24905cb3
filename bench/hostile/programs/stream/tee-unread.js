// Mechanism: two branches of a stream of which one is never read: what waits for it grows
// Defence: memory-limit
// Contained: memory_limit|cpu_limit
export default {
  async fetch() {
    const source = new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(262_144).fill(1)); } });
    const [read] = source.tee();
    for await (const chunk of read) if (chunk.length === 0) break;
    return new Response('end');
  },
};
