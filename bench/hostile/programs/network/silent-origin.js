// Mechanism: a server that takes the request and says nothing, for as long as one waits
// Defence: wall-limit
// Contained: wall_limit
// Grant: loopback
export default {
  async fetch(request) {
    await fetch(`${new URL(request.url).searchParams.get('origin')}silent`);
    return new Response('answered');
  },
};
