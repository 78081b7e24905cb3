import type { SyscallErrorCode } from '../../../protocol/agent/syscall-errors.ts';

/** Of WASI preview 1, `errno`: those that are given here. */
export const ERRNO = {
  success: 0,
  acces: 2,
  again: 6,
  badf: 8,
  busy: 10,
  canceled: 11,
  exist: 20,
  fault: 21,
  fbig: 22,
  ilseq: 25,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nomem: 48,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  overflow: 61,
  perm: 63,
  spipe: 70,
  timedout: 73,
  notcapable: 76,
} as const;

export type Errno = keyof typeof ERRNO;

/** A function of WASI fails with this number. */
export class WasiError extends Error {
  override readonly name = 'WasiError';
  readonly errno: Errno;

  constructor(errno: Errno) {
    super(errno);
    this.errno = errno;
  }
}

/** What a guest of WASI sees of an error reply to a syscall. */
export const ERRNO_OF_CALL: Readonly<Record<SyscallErrorCode, Errno>> = {
  permission_denied: 'acces',
  invalid_argument: 'inval',
  unknown_syscall: 'nosys',
  not_found: 'noent',
  not_a_file: 'isdir',
  too_large: 'fbig',
  already_pending: 'busy',
  not_configured: 'notsup',
  unreachable: 'io',
  timeout: 'timedout',
  aborted: 'canceled',
  io_failed: 'io',
};
