/** A syscall that the host answered with an error. `code` is stable: see docs/syscall-abi.md. */
export class SyscallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'SyscallError', writable: true, configurable: true });
  }
}

/** The manifest or the operator does not allow it. */
export class PermissionDenied extends SyscallError {
  /** what was asked for, as the host understood it */
  readonly asked: string | undefined;
  /** the rule that decided */
  readonly rule: string | undefined;

  constructor(message: string, asked: string | undefined, rule: string | undefined) {
    super('permission_denied', message);
    this.asked = asked;
    this.rule = rule;
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'PermissionDenied', writable: true, configurable: true });
  }
}

/** Never throws: text that is no error data becomes an error all the same. */
export function syscallErrorFrom(text: string): SyscallError {
  const { code, message, asked, rule } = parse(text);
  if (code === 'permission_denied') return new PermissionDenied(message, asked, rule);
  return new SyscallError(code, message);
}

/** As in protocol/agent/payload.ts. */
interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly asked?: string;
  readonly rule?: string;
}

function parse(text: string): ErrorData {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === 'object' && data !== null) {
      const { code, message, asked, rule } = data as Record<string, unknown>;
      return {
        code: typeof code === 'string' ? code : 'io_failed',
        message: typeof message === 'string' ? message : text,
        ...(typeof asked === 'string' && { asked }),
        ...(typeof rule === 'string' && { rule }),
      };
    }
  } catch {
    // not JSON: the text is what there is to say
  }
  return { code: 'io_failed', message: text };
}
