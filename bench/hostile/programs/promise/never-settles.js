// Mechanism: a handler whose promise never settles
// Defence: wall-limit
// Contained: wall_limit
export default {
  fetch: () => new Promise(() => undefined),
};
