// Mechanism: a redirect to itself without end
// Defence: subrequest-limit
// Contained: held
// Grant: loopback
// Limits: cpu_ms 1000
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get('origin');
    try {
      return new Response(`escaped: ${(await fetch(`${origin}loop`)).status}`);
    } catch (error) {
      return new Response(`held: ${error.message}`);
    }
  },
};
