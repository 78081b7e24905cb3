// Mechanism: one chunk of 100 MB
// Defence: stream-window
// Contained: silent|cut|memory_limit|cpu_limit|app_threw|200
// Client: never reads
// Order: alone
// Bound: memory 500
export default {
  fetch: () => new Response(new ReadableStream({ start(controller) { controller.enqueue(new Uint8Array(100_000_000)); controller.close(); } })),
};
