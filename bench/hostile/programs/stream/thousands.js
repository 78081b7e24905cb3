// Mechanism: more streams to the host than it will hold open
// Defence: open-calls
// Contained: held
// Limits: cpu_ms 5000
// Order: alone
export default {
  async fetch() {
    const results = await Promise.allSettled(Array.from({ length: 3_000 }, () => {
      const { readable } = new CompressionStream('gzip');
      return Promise.race([readable.getReader().read(), new Promise((resolve) => setTimeout(resolve, 300, 'open'))]);
    }));
    const open = results.filter(({ value }) => value === 'open').length;
    return new Response(open < 3_000 ? `held at ${open}` : `escaped: ${open} open`);
  },
};
