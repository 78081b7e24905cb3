import { NanosError } from '../../protocol/errors.ts';
import type { SecretMask } from '../../util/secret-mask.ts';

/** The error with its message masked. The cause, which is for the log alone, stays as it is. */
export function maskError(error: NanosError, mask: SecretMask): NanosError {
  const message = mask.text(error.message);
  return message === error.message ? error : new NanosError(error.code, message, { cause: error.cause, position: error.position, retryAfterS: error.retryAfterS });
}
