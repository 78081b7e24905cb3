// Mechanism: more digests than the host takes calls, all asked for before the first is awaited, by several tenants at once
// Defence: call-lanes
// Contained: held|cpu_limit
// Copies: 6
// Limits: cpu_ms 10000
// Order: alone
export default {
  async fetch() {
    const results = await Promise.allSettled(Array.from({ length: 1_500 }, () => crypto.subtle.digest('SHA-256', new Uint8Array(1_024))));
    const refused = results.filter(({ status }) => status === 'rejected').length;
    return new Response(refused > 0 ? `escaped: the host had a thousand of them, and refused ${refused}` : 'held: a few at a time');
  },
};
