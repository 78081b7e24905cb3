// Mechanism: a URL that names one host before the @ and another behind it
// Defence: egress-addresses
// Contained: held
export default {
  async fetch(request) {
    const { host } = new URL(new URL(request.url).searchParams.get('origin'));
    const reached = [];
    for (const url of [`http://example.com@${host}/`, `http://example.com:80@${host}/`, `http:\\\\${host}/`, `http:/${host}/`, `http://${host}#@example.com/`]) {
      try {
        reached.push((await fetch(url)).status);
      } catch {
        // as it must
      }
    }
    return new Response(reached.length === 0 ? 'held' : `escaped: ${reached.join(', ')}`);
  },
};
