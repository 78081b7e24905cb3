// Mechanism: time measured within one entry, as a side channel needs it
// Defence: frozen-clock
// Contained: held
// Limits: cpu_ms 3000
// Order: alone
const clocks = { date: () => Date.now(), dateObject: () => +new Date(), dateText: () => Date(), performance: () => performance.now(), format: () => new Intl.DateTimeFormat('en', { timeStyle: 'full', fractionalSecondDigits: undefined }).format() };
function work() {
  let x = 1;
  for (let i = 0; i < 40_000_000; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;
  return x;
}
export default {
  fetch() {
    const before = Object.entries(clocks).map(([name, read]) => [name, read()]);
    work();
    const moved = before.filter(([name, value]) => clocks[name]() !== value).map(([name]) => name);
    return new Response(moved.length === 0 ? 'held' : `escaped: ${moved.join(' ')} moved`);
  },
};
