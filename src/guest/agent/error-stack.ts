/** Makes `stack` what programs expect that were written for V8: name and message come first, then the frames, which are all that the engine gives. */

const prototype: object = Error.prototype;
const own = Object.getOwnPropertyDescriptor(prototype, 'stack');

export function installErrorStack(): void {
  if (own?.get === undefined || own.set === undefined) return;
  const { get, set } = own;
  Object.defineProperty(prototype, 'stack', {
    configurable: true,
    enumerable: false,
    get(this: unknown) {
      const frames: unknown = Reflect.apply(get, this, []);
      return typeof frames === 'string' && this instanceof Error ? `${headline(this)}\n${frames.trimEnd()}` : frames;
    },
    set(this: unknown, value: unknown) {
      Reflect.apply(set, this, [value]);
    },
  });
}

/** The frames of `site` instead of the error's own: where the call was made whose reply the error is. */
export function moveStack(error: Error, site: Error): void {
  const frames: unknown = own?.get === undefined ? undefined : Reflect.apply(own.get, site, []);
  if (typeof frames !== 'string') return;
  Object.defineProperty(error, 'stack', { value: `${headline(error)}\n${frames.trimEnd()}`, writable: true, configurable: true });
}

function headline(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}
