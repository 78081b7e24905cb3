// Mechanism: one promise that waits for a million others
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
export default {
  async fetch() {
    await Promise.all(Array.from({ length: 5_000_000 }, (_, i) => Promise.resolve(i).then((j) => [j])));
    return new Response('all');
  },
};
