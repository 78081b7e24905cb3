// Mechanism: JSON nested a million deep
// Defence: cpu-budget
// Contained: held|app_threw|cpu_limit|memory_limit
export default {
  fetch() {
    try {
      JSON.parse('['.repeat(1_000_000) + ']'.repeat(1_000_000));
    } catch (error) {
      return new Response(`held: ${error.name}`);
    }
    return new Response('held');
  },
};
