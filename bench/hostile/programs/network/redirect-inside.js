// Mechanism: a redirect from a server that may be reached to one that may not
// Defence: egress-addresses
// Contained: held
// Grant: loopback
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get('origin');
    try {
      const { status } = await fetch(`${origin}redirect?to=${encodeURIComponent('http://10.0.0.1/')}`, { signal: AbortSignal.timeout(2_000) });
      return new Response(`escaped: ${status}`);
    } catch (error) {
      return new Response(error.name === 'TimeoutError' ? 'escaped: a connection was tried' : `held: ${error.message}`);
    }
  },
};
