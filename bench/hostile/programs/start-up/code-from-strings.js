// Mechanism: code made from strings, by every constructor that syntax can reach
// Defence: code-from-strings
// Contained: held
const makers = () => [
  () => (0, eval)('1 + 1'),
  () => Function('return 2')(),
  () => (() => undefined).constructor('return 2')(),
  () => (async () => undefined).constructor('return 2')(),
  () => (function* () {}).constructor('yield 2')().next().value,
  () => (async function* () {}).constructor('yield 2')(),
  () => Reflect.construct(Object.getPrototypeOf(class {}).constructor, ['return 2'])(),
  () => Object.getPrototypeOf(Object.getPrototypeOf(makers).constructor).constructor('return 2')(),
  () => setTimeout('globalThis.made = 2', 0) && globalThis.made,
];
export default {
  fetch() {
    const made = [];
    for (const make of makers()) {
      try {
        if (make() !== undefined) made.push(make.toString());
      } catch {
        // as it must
      }
    }
    return new Response(made.length === 0 ? 'held' : `escaped: ${made.join(' ')}`);
  },
};
