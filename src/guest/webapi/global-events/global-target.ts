/** The global object as an EventTarget, https://html.spec.whatwg.org/#the-workerglobalscope-common-interface. */
import { EventTarget, getEventHandler, setEventHandler } from '../dom/index.ts';
import { enumerableMembers, isObject } from '../webidl.ts';
import { ErrorEvent } from './error-event.ts';

/** Its listeners are those of the global object. */
export const globalTarget = new EventTarget();

const onErrors = new WeakMap<object, unknown>();

/** `onerror` and the like on the global object. */
export function defineEventHandlers(global: object): void {
  const handlers = {
    get onerror(): unknown {
      return onErrors.get(getEventHandler(globalTarget, 'error') ?? onErrors) ?? null;
    },
    set onerror(value: unknown) {
      const handler = isObject(value) ? errorHandler(value) : null;
      if (handler !== null) onErrors.set(handler, value);
      setEventHandler(globalTarget, 'error', handler);
    },
    get onunhandledrejection(): unknown {
      return getEventHandler(globalTarget, 'unhandledrejection');
    },
    set onunhandledrejection(value: unknown) {
      setEventHandler(globalTarget, 'unhandledrejection', value);
    },
    get onrejectionhandled(): unknown {
      return getEventHandler(globalTarget, 'rejectionhandled');
    },
    set onrejectionhandled(value: unknown) {
      setEventHandler(globalTarget, 'rejectionhandled', value);
    },
  };
  Object.defineProperties(global, Object.getOwnPropertyDescriptors(handlers));
  enumerableMembers(global, ...Object.keys(handlers));
}

/** https://html.spec.whatwg.org/#the-event-handler-processing-algorithm: this one handler takes the error apart, and true means handled. */
function errorHandler(callback: object): (event: object) => void {
  return (event) => {
    if (typeof callback !== 'function' || !(event instanceof ErrorEvent)) return;
    const { message, filename, lineno, colno, error } = event;
    if (Reflect.apply(callback, globalThis, [message, filename, lineno, colno, error]) === true) event.preventDefault();
  };
}
