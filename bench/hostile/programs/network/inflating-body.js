// Mechanism: a fetched body that inflates to a thousand times its size
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
// Grant: loopback
// Order: alone
// Bound: memory 300
export default {
  async fetch(request) {
    const response = await fetch(`${new URL(request.url).searchParams.get('origin')}inflating`);
    let bytes = 0;
    for await (const chunk of response.body) bytes += chunk.length;
    return new Response(String(bytes));
  },
};
