// Mechanism: an object with the prototype of Response, and getters that loop
// Defence: error-text
// Contained: app_threw|cpu_limit
const fake = Object.create(Response.prototype, {
  status: { get() { for (;;); } },
  headers: { get: () => fake },
  body: { get: () => fake },
});
export default {
  fetch: () => fake,
};
