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
    await expect(child, 'started');
    const cpuBeforeMs = cpuMs(serverPid);
    const { requests, failures, measuredMs } = await expect(child, 'done');
    const usedMs = cpuMs(serverPid) - cpuBeforeMs;
    return { requestsPerSecond: (requests / measuredMs) * 1000, cpuUsPerRequest: (usedMs * 1000) / requests, failedPart: failures / (requests + failures) };
  } catch (error) {
    throw new Error(`The load generator failed on port ${order.port}: ${error instanceof Error ? error.message : String(error)} ${generator.errors()}`, { cause: error });
  } finally {
    await generator.stop();
  }
}

async function expect<T extends 'started' | 'done'>(child: Parameters<typeof once>[0], type: T): Promise<Extract<FromGenerator, { type: T }>> {
  const ended = once(child, 'exit').then(() => ({ type: 'failed', message: 'it ended' }) as const);
  const [message] = (await Promise.race([once(child, 'message'), ended.then((failed) => [failed])])) as [FromGenerator];
  if (message.type === 'failed') throw new Error(message.message);
  return message as Extract<FromGenerator, { type: T }>;
}
