// Mechanism: a body without end, to a client that takes nothing
// Defence: stream-window
// Contained: silent|cut
// Client: never reads
// Order: alone
// Bound: memory 160
// Limits: cpu_ms 5000
export default {
  fetch: () => new Response(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(1_048_576).fill(7)); } })),
};
