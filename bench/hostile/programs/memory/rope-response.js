// Mechanism: a text of 512 MB that is a few strings until somebody makes it flat, given to the host as a body
// Defence: memory-limit
// Contained: memory_limit|cpu_limit|app_threw|cut
// Order: alone
// Bound: memory 1400
// Limits: cpu_ms 1500
export default {
  fetch() {
    let text = 'x'.repeat(1024);
    while (text.length < 2 ** 28) text += text;
    return new Response(text);
  },
};
