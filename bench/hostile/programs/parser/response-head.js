// Mechanism: a response whose headers are longer than any client should be sent
// Defence: response-head
// Contained: app_threw
// Workerd: no
export default {
  fetch: () => new Response('body', { headers: Array.from({ length: 300 }, (_, i) => [`x-${i}`, 'v'.repeat(1_000)]) }),
};
