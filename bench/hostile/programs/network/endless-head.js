// Mechanism: a server that never ends its response's headers
// Defence: incoming-head
// Contained: held|wall_limit|app_threw
// Grant: loopback
// Order: alone
// Bound: memory 200
export default {
  async fetch(request) {
    try {
      const { status } = await fetch(`${new URL(request.url).searchParams.get('origin')}endless-head`);
      return new Response(`escaped: ${status}`);
    } catch (error) {
      return new Response(`held: ${error.message}`);
    }
  },
};
