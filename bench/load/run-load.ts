import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchScope } from '../bench-scope.ts';
import { cpuMs } from '../measure/process-tree.ts';
import type { FromGenerator, LoadOrder } from './load-messages.ts';

export interface LoadFigures {
  readonly requestsPerSecond: number;
  /** user and system CPU of all the server's processes, in µs */
  readonly cpuUsPerRequest: number;
  /** part of the requests that were answered with something else than 200 */
  readonly failedPart: number;
}

/** Puts load on a server, and says what it did and what that cost its process tree. Rejects when a connection fails. */
export async function runLoad(scope: BenchScope, serverPid: number, order: LoadOrder): Promise<LoadFigures> {
  const generator = scope.start(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('load-generator.ts', import.meta.url))], ['ignore', 'ignore', 'pipe', 'ipc']);
  const { child } = generator;
  try {
    child.send(order);
    await nextMessage(child);
    const cpuBeforeMs = cpuMs(serverPid);
    const done = await nextMessage(child);
    const { requests, failures, measuredMs } = done as Extract<FromGenerator, { type: 'done' }>;
    const usedMs = cpuMs(serverPid) - cpuBeforeMs;
    return { requestsPerSecond: (requests / measuredMs) * 1000, cpuUsPerRequest: (usedMs * 1000) / requests, failedPart: failures / (requests + failures) };
  } catch (error) {
    throw new Error(`The load generator failed on port ${order.port}: ${error instanceof Error ? error.message : String(error)} ${generator.errors()}`, { cause: error });
  } finally {
    await generator.stop();
  }
}

/** The generator's next message; `failed` and an early end reject. */
async function nextMessage(child: ChildProcess): Promise<Exclude<FromGenerator, { type: 'failed' }>> {
  const ended = once(child, 'exit').then((): [FromGenerator] => [{ type: 'failed', message: 'it ended' }]);
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [FromGenerator];
  if (message.type === 'failed') throw new Error(message.message);
  return message;
}
