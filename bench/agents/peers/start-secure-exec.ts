import { fileURLToPath } from 'node:url';
import type { BenchScope, StartedProcess } from '../../bench-scope.ts';
import type { SecureExec } from './install-secure-exec.ts';

export const SECURE_EXEC_GUESTS: string = fileURLToPath(new URL('secure-exec-guests.ts', import.meta.url));

/** It runs as many guests at once as there are cores, unless it is told otherwise. */
export const SECURE_EXEC_ENVIRONMENT: NodeJS.ProcessEnv = { SECURE_EXEC_V8_MAX_SESSIONS: '1000' };

/** A process that starts so many guests, as secure-exec-guests.ts says. */
export function startSecureExec(scope: BenchScope, { entry }: SecureExec, what: 'starts' | 'waiting', count: number): StartedProcess {
  return scope.start(process.execPath, ['--disable-warning=ExperimentalWarning', SECURE_EXEC_GUESTS, entry, what, String(count)], ['pipe', 'pipe', 'pipe'], SECURE_EXEC_ENVIRONMENT);
}
