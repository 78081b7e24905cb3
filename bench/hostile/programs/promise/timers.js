// Mechanism: timers without end, none of which is ever due
// Defence: timer-bound
// Contained: held
// Limits: cpu_ms 3000
export default {
  fetch() {
    let made = 0;
    try {
      for (; made < 1_000_000; made++) setTimeout(() => undefined, 1e9);
    } catch (error) {
      return new Response(`held at ${made}: ${error.message}`);
    }
    return new Response(`escaped: ${made} timers`);
  },
};
