// Mechanism: work in steps shorter than any watch looks, a timer between each two
// Defence: cpu-budget
// Contained: cpu_limit
function work() {
  let x = 1;
  for (let i = 0; i < 300_000; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;
  return x;
}
export default {
  fetch: () => new Promise(() => {
    const again = () => {
      work();
      setTimeout(again, 0);
    };
    again();
  }),
};
