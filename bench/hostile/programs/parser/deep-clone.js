// Mechanism: a structured clone of a list of a million links
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit|app_threw|held
export default {
  fetch() {
    let list = null;
    for (let i = 0; i < 1_000_000; i++) list = { list };
    try {
      structuredClone(list);
    } catch (error) {
      return new Response(`held: ${error.name}`);
    }
    return new Response('held');
  },
};
