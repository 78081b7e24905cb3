// Mechanism: a URL pattern whose expression backtracks for ever
// Defence: cpu-budget
// Contained: cpu_limit|app_threw
export default {
  fetch() {
    const pattern = new URLPattern({ pathname: '/((?:a+)+)b' });
    return new Response(String(pattern.test({ pathname: `/${'a'.repeat(60)}` })));
  },
};
