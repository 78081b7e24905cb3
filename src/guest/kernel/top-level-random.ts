import { isHandling } from './clock.ts';

/**
 * `Math.random` at top level is a fixed sequence (xorshift32): many libraries draw there once, and a snapshot would repeat whatever
 * they drew anyway. Afterwards it is V8's own, seeded for each isolate.
 */
export function installTopLevelRandom(math: Math): void {
  const native = math.random;
  let state = 0x9e3779b9;
  const random = (): number => {
    if (isHandling()) return native();
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  Object.defineProperty(random, 'name', { value: 'random' });
  math.random = random;
}
