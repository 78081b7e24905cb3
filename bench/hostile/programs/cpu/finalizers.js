// Mechanism: finalizers, which V8 calls in a task of its own, when no limit watches
// Defence: finalizer-turns
// Contained: held
// Order: alone
// Limits: cpu_ms 5000
let calledAtMs = 0;
const registry = new FinalizationRegistry(() => {
  calledAtMs = Date.now();
});
export default {
  async fetch() {
    for (let round = 0; round < 30 && calledAtMs === 0; round++) {
      for (let i = 0; i < 50; i++) registry.register({}, i);
      await scheduler.wait(5);
      // garbage that makes V8 look at its old objects
      for (let i = 0; i < 100; i++) globalThis.garbage = new Float64Array(200_000);
      const lastTurnMs = Date.now();
      await scheduler.wait(20);
      // the clock stands still in a turn, and after it until the next one
      if (calledAtMs === lastTurnMs) return new Response('escaped: it ran in nobody’s turn');
    }
    return new Response(calledAtMs === 0 ? 'held: never called' : 'held: called in a turn');
  },
};
