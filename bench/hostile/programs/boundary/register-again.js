// Mechanism: another program registered in the place of the one that was deployed
// Defence: attach-once
// Contained: held
export default {
  fetch() {
    try {
      globalThis.__nanos?.('app', { default: { fetch: () => new Response('escaped: another program answers') } });
    } catch (error) {
      return new Response(`held: ${error.message}`);
    }
    return new Response(globalThis.__nanos === undefined ? 'held: no such thing here' : 'escaped: registered');
  },
};
