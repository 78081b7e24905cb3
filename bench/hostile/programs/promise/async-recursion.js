// Mechanism: asynchronous recursion without end: no stack overflows, and all frames stay alive
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
const again = async (depth) => {
  await null;
  return (await again(depth + 1)) + depth;
};
export default {
  fetch: async () => new Response(String(await again(0))),
};
