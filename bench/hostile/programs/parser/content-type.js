// Mechanism: a content type with a hundred thousand parameters
// Defence: cpu-budget
// Contained: cpu_limit|held|app_threw
export default {
  async fetch() {
    const type = `text/html;${'a="\\\\";'.repeat(100_000)}`;
    for (let i = 0; i < 1_000; i++) await new Response('x', { headers: { 'content-type': type } }).blob();
    return new Response('held');
  },
};
