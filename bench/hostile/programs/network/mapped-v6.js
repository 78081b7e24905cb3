// Mechanism: IPv4 addresses inside IPv6: mapped, compatible, NAT64, 6to4
// Defence: egress-addresses
// Contained: held
export default {
  async fetch(request) {
    const { port } = new URL(new URL(request.url).searchParams.get('origin'));
    const reached = [];
    for (const host of ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]']) {
      try {
        reached.push(`${host} ${(await fetch(`http://${host}:${port}/`)).status}`);
      } catch {
        // as it must
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: reached ${reached.join(', ')}`);
  },
};
