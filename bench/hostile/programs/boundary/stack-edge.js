// Mechanism: host calls made where the stack ends, so that the boundary fails half-way
// Defence: cpu-budget
// Contained: held|app_threw|cpu_limit
// Limits: cpu_ms 500
export default {
  async fetch() {
    let calls = 0;
    const deep = () => {
      try {
        deep();
      } catch {
        // here the stack is nearly full: each of these gets a little further than the one before
        for (const attack of [() => console.log('x'), () => setTimeout(() => undefined, 1), () => crypto.getRandomValues(new Uint8Array(8)), () => crypto.subtle.digest('SHA-1', new Uint8Array(1)), () => fetch('http://127.0.0.1/').catch(() => undefined)]) {
          try {
            attack();
            calls++;
          } catch {
            // as it must
          }
        }
        if (calls > 500) return;
      }
    };
    deep();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { byteLength } = await crypto.subtle.digest('SHA-256', new Uint8Array(1));
    return new Response(byteLength === 32 ? 'held' : 'escaped: a call got another call\'s answer');
  },
};
