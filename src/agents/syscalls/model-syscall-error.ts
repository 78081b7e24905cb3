import type { SyscallErrorCode } from '../../protocol/agent/syscall-errors.ts';
import { NanosError, type ErrorCode } from '../../protocol/errors.ts';
import { SyscallError } from '../syscall-handler.ts';

/** What a guest can tell apart; the message has the rest. */
const CODES: Partial<Record<ErrorCode, SyscallErrorCode>> = {
  bad_request: 'invalid_argument',
  model_unsupported: 'invalid_argument',
  context_overflow: 'too_large',
  token_limit: 'too_large',
  config_invalid: 'not_configured',
  model_engine_missing: 'not_configured',
  model_missing: 'not_configured',
  model_key_refused: 'not_configured',
  egress_denied: 'unreachable',
  model_unreachable: 'unreachable',
  overloaded: 'unreachable',
  model_timeout: 'timeout',
  model_invalid: 'io_failed',
  model_out_of_memory: 'io_failed',
  model_failed: 'io_failed',
};

/** The error reply for what a model's provider threw; `signal`: of the call. What is no error of a model stays as it is, a defect of the host. */
export function modelSyscallError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new SyscallError('aborted', 'The call of the model was given up');
  const code = error instanceof NanosError ? CODES[error.code] : undefined;
  return code === undefined || !(error instanceof NanosError) ? error : new SyscallError(code, error.message);
}
