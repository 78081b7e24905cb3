/** No code from strings, as in Workers: `eval` and every Function constructor that syntax can reach throw an EvalError. */

function refuse(): never {
  throw new EvalError('Code generation from strings disallowed for this context');
}

export function forbidCodeFromStrings(global: Record<string, unknown>): void {
  const evaluate = function (): never {
    return refuse();
  };
  Object.defineProperty(evaluate, 'name', { value: 'eval' });
  Object.defineProperty(global, 'eval', { value: evaluate, writable: true, configurable: true });
  // the first is the prototype of the others
  const samples = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (const sample of samples) {
    const prototype = Object.getPrototypeOf(sample) as object;
    const native = (prototype as { constructor: { name: string } }).constructor;
    const constructor = function (): never {
      return refuse();
    };
    Object.defineProperty(constructor, 'name', { value: native.name });
    Object.defineProperty(constructor, 'length', { value: 1 });
    Object.defineProperty(constructor, 'prototype', { value: prototype, writable: false });
    Object.setPrototypeOf(constructor, native.name === 'Function' ? prototype : (global['Function'] as object));
    Object.defineProperty(prototype, 'constructor', { value: constructor, writable: native.name === 'Function', configurable: true });
    if (native.name === 'Function') Object.defineProperty(global, 'Function', { value: constructor, writable: true, configurable: true });
  }
}
