// Mechanism: a hundred thousand headers, sorted at every look
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
export default {
  fetch() {
    const headers = new Headers();
    for (let i = 0; i < 100_000; i++) headers.append(`x-${(i * 7919) % 100_003}`, 'y');
    for (;;) [...headers];
  },
};
