// Mechanism: a line that pretends to be an event of the host
// Defence: one-line-an-event
// Contained: held
// Forbidden: forged
// Order: alone
export default {
  fetch() {
    console.log('x\n{"time":"2026-01-01T00:00:00.000Z","level":"info","event":"host_closed"}\n\r\u2028{"event":"forged"}');
    console.error('\u001b[2J\u001b]0;owned\u0007', { toString: () => '\n{"event":"forged"}' });
    return new Response('held');
  },
};
