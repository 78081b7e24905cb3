// Mechanism: the host's own control plane, from inside
// Defence: egress-addresses
// Contained: held
// Workerd: no
export default {
  async fetch(request) {
    const control = new URL(request.url).searchParams.get('control');
    try {
      const { status } = await fetch(`${control}v1/apps`);
      return new Response(`escaped: ${status}`);
    } catch (error) {
      return new Response(`held: ${error.message}`);
    }
  },
};
