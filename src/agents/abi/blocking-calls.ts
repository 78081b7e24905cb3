import type { SyscallErrorCode } from '../../protocol/agent/syscall-errors.ts';
import type { SyscallName } from '../../protocol/agent/syscalls.ts';
import type { LogLevel } from '../run/control-call.ts';

/** Syscalls as a guest that blocks makes them: each returns when its reply is there. The thread stands still meanwhile. */
export interface BlockingCalls {
  /** The reply's payload. Throws a CallFailed. */
  call(name: SyscallName, head: object, body?: Uint8Array): Uint8Array;
  log(level: LogLevel, text: Uint8Array): void;
  /** Ends the run: never returns. */
  exit(code: number): never;
  /** ns since the epoch */
  clock(): bigint;
  random(length: number): Uint8Array;
}

/** An error reply. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly code: SyscallErrorCode;

  constructor(code: SyscallErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
