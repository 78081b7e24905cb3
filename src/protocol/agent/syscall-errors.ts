/** The codes of error replies to syscalls: docs/syscall-abi.md. Known to host and guest. */
export const SYSCALL_ERROR_CODES = [
  'permission_denied',
  'invalid_argument',
  'unknown_syscall',
  'not_found',
  'not_a_file',
  'too_large',
  'already_pending',
  'not_configured',
  'unreachable',
  'timeout',
  'aborted',
  'io_failed',
] as const;

export type SyscallErrorCode = (typeof SYSCALL_ERROR_CODES)[number];
