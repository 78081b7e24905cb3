// Mechanism: microtasks that queue microtasks: the call into the isolate returns never
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch: () => new Promise(() => {
    const again = () => Promise.resolve().then(again);
    again();
  }),
};
