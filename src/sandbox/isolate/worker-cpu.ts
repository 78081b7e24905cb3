import { workerCpuUs } from './cpu-clock.ts';
import { CpuShares } from './cpu-shares.ts';

/** Divides the CPU of this process' worker threads among whatever runs on them: entries into isolates, and work of the host for an app. */
export const workerCpu = new CpuShares(() => workerCpuUs() / 1000, () => performance.now());

/** Runs work on a worker thread of the host. Resolves to its result and its charge, in ms of CPU. */
export async function onWorker<T>(work: () => Promise<T>): Promise<{ result: T; cpuMs: number }> {
  const startedMs = performance.now();
  const entry = { insideMs: () => performance.now() - startedMs };
  workerCpu.begin(entry);
  let cpuMs = 0;
  const result = await work().finally(() => (cpuMs = workerCpu.end(entry)));
  return { result, cpuMs };
}
