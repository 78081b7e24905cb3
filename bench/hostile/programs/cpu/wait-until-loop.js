// Mechanism: a loop after the response, when no client waits any more
// Defence: cpu-budget
// Contained: held
// Then: isolate_ended
export default {
  fetch(_request, _env, context) {
    context.waitUntil(new Promise((resolve) => setTimeout(resolve, 1)).then(() => {
      for (;;);
    }));
    return new Response('held: and now the loop');
  },
};
