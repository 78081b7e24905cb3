// Mechanism: work after the response that never ends and costs nothing
// Defence: wall-limit
// Contained: held
// Then: wait_until_cut
export default {
  fetch(_request, _env, context) {
    context.waitUntil(new Promise(() => undefined));
    return new Response('held');
  },
};
