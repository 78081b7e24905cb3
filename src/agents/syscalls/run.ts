/** What an agent asks of its own run: goal, tools, timer. The calls log, done, exit and cancel are obeyed by the run loop itself. */
import { z } from 'zod';
import { grantedTools } from '../../policy/agent-tools.ts';
import { ALLOWED } from '../../policy/agent-verdict.ts';
import { SyscallError, type SyscallHandler } from '../syscall-handler.ts';

/** The longest that a timer of Node.js waits. */
const TIMER_MS_MAX = 2_147_483_647;

const nothing = z.strictObject({});
const empty = new Uint8Array(0);
const encoder = new TextEncoder();

const goal: SyscallHandler<object> = {
  name: 'goal',
  arguments: nothing,
  body: 'none',
  authorize: () => ALLOWED,
  act: (_args, _body, { grant }) => encoder.encode(grant.manifest.goal),
};

const tools: SyscallHandler<object> = {
  name: 'tools',
  arguments: nothing,
  body: 'none',
  authorize: () => ALLOWED,
  act: (_args, _body, { grant }) => encoder.encode(JSON.stringify(grantedTools(grant.manifest.tools))),
};

const timer: SyscallHandler<{ ms: number }> = {
  name: 'timer',
  arguments: z.strictObject({ ms: z.number().min(0).max(TIMER_MS_MAX) }),
  body: 'none',
  authorize: () => ALLOWED,
  act: ({ ms }, _body, { signal }) => sleep(ms, signal),
};

function sleep(ms: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve(empty);
    }, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(new SyscallError('aborted', 'The timer was cancelled'));
    };
    signal.addEventListener('abort', abort, { once: true });
  });
}

export const runSyscalls: readonly SyscallHandler[] = [goal, tools, timer];
