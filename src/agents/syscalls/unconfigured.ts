/** A syscall that passes the gate like any other, and that nothing stands behind yet. */
import { ALLOWED } from '../../policy/agent-verdict.ts';
import { SyscallError } from '../syscall-handler.ts';
import type { SyscallHandler } from '../syscall-handler.ts';

type Description<Args> = Pick<SyscallHandler<Args>, 'name' | 'arguments' | 'body'> & Partial<Pick<SyscallHandler<Args>, 'authorize'>>;

/** `remedy` says what to configure. */
export function unconfigured<Args>(description: Description<Args>, remedy: string): SyscallHandler<Args> {
  return {
    authorize: () => ALLOWED,
    ...description,
    act() {
      throw new SyscallError('not_configured', `${description.name} is not configured: ${remedy}`);
    },
  };
}
