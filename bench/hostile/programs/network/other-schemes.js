// Mechanism: files, and ports of services that would take a request for a command
// Defence: egress-addresses
// Contained: held
// Workerd: no
export default {
  async fetch() {
    const reached = [];
    for (const url of ['file:///etc/passwd', 'ftp://example.com/', 'http://example.com:22/', 'http://example.com:25/', 'unix:/run/x.sock', 'http+unix://%2Frun%2Fx.sock/', 'blob:http://a/b', 'javascript:1', 'node:fs']) {
      try {
        reached.push(`${url} ${(await fetch(url, { signal: AbortSignal.timeout(500) })).status}`);
      } catch (error) {
        if (error.name === 'TimeoutError') reached.push(`${url}: tried`);
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: ${reached.join(', ')}`);
  },
};
