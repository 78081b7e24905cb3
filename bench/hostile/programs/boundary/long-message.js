// Mechanism: an error with a message of 64 MB
// Defence: error-text
// Contained: app_threw|cpu_limit|memory_limit
// Bound: log 200
// Order: alone
export default {
  fetch() {
    throw new Error('z'.repeat(2 ** 26));
  },
};
