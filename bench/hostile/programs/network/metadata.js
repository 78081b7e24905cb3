// Mechanism: the metadata service of clouds
// Defence: egress-addresses
// Contained: held
export default {
  async fetch() {
    const reached = [];
    for (const url of ['http://169.254.169.254/latest/meta-data/', 'http://[fd00:ec2::254]/', 'http://100.100.100.200/', 'http://[::ffff:a9fe:a9fe]/', 'http://2852039166/']) {
      try {
        reached.push((await fetch(url, { signal: AbortSignal.timeout(1_000) })).status);
      } catch (error) {
        if (error.name === 'TimeoutError') reached.push(`${url}: a connection was tried`);
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: ${reached.join(', ')}`);
  },
};
