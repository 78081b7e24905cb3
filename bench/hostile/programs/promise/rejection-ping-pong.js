// Mechanism: a listener for unhandled rejections that makes the next one: host and guest call each other
// Defence: cpu-budget
// Contained: cpu_limit|wall_limit|held
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  Promise.reject(new Error('again'));
});
export default {
  async fetch() {
    Promise.reject(new Error('first'));
    await new Promise(() => undefined);
  },
};
