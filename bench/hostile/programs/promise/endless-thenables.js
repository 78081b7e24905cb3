// Mechanism: a thenable that resolves to a thenable, and so on
// Defence: cpu-budget
// Contained: cpu_limit
const next = () => ({ then: (resolve) => resolve(next()) });
export default {
  fetch: () => next(),
};
