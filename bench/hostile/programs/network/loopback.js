// Mechanism: the host itself, by its loopback address and the names for it
// Defence: egress-addresses
// Contained: held
export default {
  async fetch(request) {
    const { port } = new URL(new URL(request.url).searchParams.get('origin'));
    const reached = [];
    for (const host of ['127.0.0.1', '127.8.9.1', 'localhost', 'a.localhost', '[::1]', 'LOCALHOST.']) {
      try {
        reached.push(`${host} ${(await fetch(`http://${host}:${port}/`)).status}`);
      } catch {
        // as it must
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: reached ${reached.join(', ')}`);
  },
};
