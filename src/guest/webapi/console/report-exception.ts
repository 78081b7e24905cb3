/** https://html.spec.whatwg.org/#report-the-exception, to the log of the app. */
import { host } from '../../kernel/host-calls.ts';
import { inspect } from './lazy/index.ts';

export function reportException(error: unknown): void {
  host().log('error', `Uncaught ${inspect(error)}`);
}
