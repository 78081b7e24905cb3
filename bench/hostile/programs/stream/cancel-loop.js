// Mechanism: a loop in cancel, when the client has gone
// Defence: cpu-budget
// Contained: gone
// Client: leaves
// Then: isolate_ended
export default {
  fetch: () => new Response(new ReadableStream({
    start(controller) { controller.enqueue(new Uint8Array(10)); },
    cancel() { for (;;); },
  })),
};
