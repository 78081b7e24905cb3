// Mechanism: chunks of no bytes without end: no progress that a client could see
// Defence: cpu-budget
// Contained: cut|cpu_limit
export default {
  fetch: () => new Response(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(0)); } })),
};
