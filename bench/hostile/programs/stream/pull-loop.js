// Mechanism: a loop in pull, once the head is out
// Defence: cpu-budget
// Contained: cut
let pulls = 0;
export default {
  fetch: () => new Response(new ReadableStream({
    pull(controller) {
      if (++pulls > 3) for (;;);
      controller.enqueue(new Uint8Array(10));
    },
  })),
};
