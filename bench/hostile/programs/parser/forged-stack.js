// Mechanism: a stack of thousands of forged frames, which the host maps to sources
// Defence: error-text
// Contained: app_threw|cpu_limit
// Bound: log 200
// Order: alone
export default {
  fetch() {
    const error = new Error('x');
    error.stack = Array.from({ length: 100_000 }, (_, i) => `    at f (app.js:${i % 7}:${i})`).join('\n');
    throw error;
  },
};
