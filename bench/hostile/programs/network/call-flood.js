// Mechanism: thousands of calls of the host under way at once
// Defence: open-calls
// Contained: held|cpu_limit
// Limits: cpu_ms 10000
// Order: alone
export default {
  async fetch() {
    const results = await Promise.allSettled(Array.from({ length: 3_000 }, () => crypto.subtle.digest('SHA-512', new Uint8Array(64))));
    const refused = results.filter(({ status }) => status === 'rejected').length;
    return new Response(refused > 0 ? `held: ${refused} refused` : 'escaped: all taken');
  },
};
