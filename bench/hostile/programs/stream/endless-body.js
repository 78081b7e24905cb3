// Mechanism: a body without end, to a client that takes it all
// Defence: cpu-budget
// Contained: cut
// Client: reads
export default {
  fetch: () => new Response(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(65_536)); } })),
};
