// Mechanism: a thenable that calls nobody back
// Defence: wall-limit
// Contained: wall_limit
export default {
  fetch: () => ({ then() {} }),
};
