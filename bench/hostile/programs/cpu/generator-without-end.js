// Mechanism: an iterator that is never done, drained by a built-in
// Defence: cpu-budget
// Contained: cpu_limit
function* zeros() {
  for (;;) yield 0;
}
export default {
  fetch: () => new Response(String(new Set(zeros()).size)),
};
