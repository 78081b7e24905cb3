/** What `Buffer.prototype` must have for the package of the decoders to work with it, as Node.js' has */
const BUFFER_METHODS = ['base64Slice', 'latin1Slice', 'ucs2Slice'];

/**
 * The package takes these globals for the engine's own, which an app's need not resemble. It looks at them when it is evaluated and never again: they
 * are away from when this module is evaluated until they are restored.
 */
export const hiddenGlobals = hide(hasNodeBuffer() ? [] : ['Buffer', 'TextDecoder', 'TextEncoder']);

function hasNodeBuffer(): boolean {
  try {
    const prototype: unknown = Reflect.get(globalThis, 'Buffer')?.prototype;
    return typeof prototype === 'object' && prototype !== null && BUFFER_METHODS.every((name) => name in prototype);
  } catch {
    // an app's getter or proxy
    return false;
  }
}

function hide(names: readonly string[]): { restore(): void } {
  const hidden: [string, PropertyDescriptor][] = [];
  for (const name of names) {
    const property = Object.getOwnPropertyDescriptor(globalThis, name);
    if (property !== undefined && Reflect.deleteProperty(globalThis, name)) hidden.push([name, property]);
  }
  return { restore: () => hidden.forEach(([name, property]) => Object.defineProperty(globalThis, name, property)) };
}
