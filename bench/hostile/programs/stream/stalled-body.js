// Mechanism: a body that begins and never goes on
// Defence: wall-limit
// Contained: cut
export default {
  fetch: () => new Response(new ReadableStream({ start(controller) { controller.enqueue(new Uint8Array(10)); } })),
};
