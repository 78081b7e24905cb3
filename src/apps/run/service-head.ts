import type { ResponseHead } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import { isHeaderList } from './header-syntax.ts';

/** Why one app's head can't be handed to another, if so: `app_threw`. */
export function serviceHeadRefusal({ status, statusText, headers }: ResponseHead): NanosError | undefined {
  const isValid = Number.isInteger(status) && status >= 200 && status <= 599 && isHeaderList(['x', statusText, ...headers]);
  return isValid ? undefined : new NanosError('app_threw', 'The response has a head that can not be sent');
}
