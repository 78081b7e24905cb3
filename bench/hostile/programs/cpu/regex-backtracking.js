// Mechanism: a regular expression that backtracks for ever, in code that V8 generated
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch: () => new Response(String(/^(a+)+$/.test(`${'a'.repeat(60)}b`))),
};
