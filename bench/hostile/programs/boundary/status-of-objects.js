// Mechanism: a response whose status, text and headers are objects that change at each look
// Defence: response-head
// Contained: held|app_threw
let looks = 0;
const shifty = { valueOf: () => [200, 99_999, -1, NaN][looks++ % 4], toString: () => ['OK', 'a\r\nx: y', '\u{1f600}'][looks++ % 3], [Symbol.toPrimitive]: undefined };
export default {
  fetch() {
    const made = [];
    for (let i = 0; i < 20; i++) {
      try {
        made.push(new Response('held', { status: shifty, statusText: shifty, headers: { 'x-a': shifty } }));
      } catch {
        // refused
      }
    }
    return made.at(-1) ?? new Response('held: all refused');
  },
};
