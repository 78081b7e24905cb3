/** https://html.spec.whatwg.org/#report-the-exception, to the log of the app. */
import { host } from '../../kernel/host-calls.ts';
import { inspect } from './lazy/index.ts';

/** Returns false when nothing is to be logged. */
type ExceptionHook = (error: unknown) => boolean;

let hook: ExceptionHook = () => true;

/** Apart from here, so that events may report what their listeners throw. */
export function setExceptionHook(fire: ExceptionHook): void {
  hook = fire;
}

export function reportException(error: unknown): void {
  if (hook(error)) host().log('error', `Uncaught ${inspect(error)}`);
}
