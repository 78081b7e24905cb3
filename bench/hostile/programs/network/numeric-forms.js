// Mechanism: this machine in octal, hexadecimal, short and decimal form
// Defence: egress-addresses
// Contained: held
export default {
  async fetch(request) {
    const { port } = new URL(new URL(request.url).searchParams.get('origin'));
    const reached = [];
    for (const host of ['0177.0.0.1', '0x7f.1', '127.1', '2130706433', '017700000001', '0x7f000001', '127.0.0.1.']) {
      try {
        reached.push(`${host} ${(await fetch(`http://${host}:${port}/`)).status}`);
      } catch {
        // as it must
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: reached ${reached.join(', ')}`);
  },
};
