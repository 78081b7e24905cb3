// Mechanism: a transform that is piped into itself
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
export default {
  async fetch() {
    const { readable, writable } = new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk); controller.enqueue(chunk); } }, undefined, { highWaterMark: Infinity });
    const writer = writable.getWriter();
    await writer.write('x');
    for await (const chunk of readable) void writer.write(chunk);
    return new Response('end');
  },
};
