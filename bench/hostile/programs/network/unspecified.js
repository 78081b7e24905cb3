// Mechanism: addresses that mean this machine because they mean none
// Defence: egress-addresses
// Contained: held
export default {
  async fetch(request) {
    const { port } = new URL(new URL(request.url).searchParams.get('origin'));
    const reached = [];
    for (const host of ['0.0.0.0', '0', '[::]', '[::ffff:0:0]']) {
      try {
        reached.push(`${host} ${(await fetch(`http://${host}:${port}/`)).status}`);
      } catch {
        // as it must
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: reached ${reached.join(', ')}`);
  },
};
