// Mechanism: more requests to the outside than one request may make
// Defence: subrequest-limit
// Contained: held
// Grant: loopback
// Limits: cpu_ms 3000
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get('origin');
    const results = await Promise.allSettled(Array.from({ length: 200 }, () => fetch(origin).then((response) => response.text())));
    const made = results.filter(({ status }) => status === 'fulfilled').length;
    return new Response(made <= 50 ? `held at ${made}` : `escaped: ${made} requests`);
  },
};
