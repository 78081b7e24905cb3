/** Errors that nobody handled, as events on the global object. */
import { reportException, setExceptionHook } from '../console/report-exception.ts';
import { host } from '../../kernel/host-calls.ts';
import { describeError } from '../../kernel/describe-error.ts';
import { dispatchTrusted } from '../dom/index.ts';
import { exposeInterface } from '../webidl.ts';
import { ErrorEvent } from './error-event.ts';
import { defineEventHandlers, globalTarget } from './global-target.ts';
import { PromiseRejectionEvent } from './promise-rejection-event.ts';

export { globalTarget } from './global-target.ts';

export function installGlobalEvents(global: Record<string, unknown>): void {
  exposeInterface(global, 'ErrorEvent', ErrorEvent);
  exposeInterface(global, 'PromiseRejectionEvent', PromiseRejectionEvent);
  defineEventHandlers(global);
  setExceptionHook(fireError);
}

let isReporting = false;

/** https://html.spec.whatwg.org/#report-an-exception; false when a listener took care of it. What a listener throws meanwhile is not fired again. */
function fireError(error: unknown): boolean {
  if (isReporting) return true;
  isReporting = true;
  try {
    const { name, message } = describeError(error);
    return dispatchTrusted(globalTarget, new ErrorEvent('error', { cancelable: true, message: `Uncaught ${name}: ${message}`, error }));
  } finally {
    isReporting = false;
  }
}

const errorClasses: Readonly<Record<string, ErrorConstructor>> = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** https://html.spec.whatwg.org/#notify-about-rejected-promises. The host has text only: `reason` and `promise` of the event are made of that. */
export function reportRejection(name: string, message: string, stack: string): void {
  const reason = name === '' ? message : errorOf(name, message, stack);
  const promise = Promise.reject(reason);
  promise.catch(() => undefined);
  try {
    if (!dispatchTrusted(globalTarget, new PromiseRejectionEvent('unhandledrejection', { cancelable: true, promise, reason }))) return;
  } catch (error) {
    reportException(error);
  }
  host().log('error', `Uncaught (in promise) ${stack === '' ? message : stack}`);
}

function errorOf(name: string, message: string, stack: string): Error {
  const error = new (errorClasses[name] ?? Error)(message);
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
  return error;
}
