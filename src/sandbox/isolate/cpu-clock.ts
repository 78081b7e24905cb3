/**
 * CPU time of every thread of this process but the main one, in µs: isolates run on those. More than what any one isolate used, and,
 * unlike `isolate.cpuTime` (wall time while the isolate is entered, in this build), it stands still while a crowded machine runs others. The
 * threads one by one are in /proc/self/task, which Node's permission model can't open alone: links in it lead to the whole file system.
 */
export function workerCpuUs(): number {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  return all.user + all.system - main.user - main.system;
}

/** What is shorter than this is taken to have had a core all the time: the kernel may look at its own clock once in 4 ms only. */
const UNREAD_MS_MAX = 0.25;

/** Returns what tells the CPU that the calling thread has used since, in ms; never more than the time that passed. */
export function threadMeter(): () => number {
  const startedMs = performance.now();
  const started = process.threadCpuUsage();
  return () => {
    const passedMs = performance.now() - startedMs;
    if (passedMs < UNREAD_MS_MAX) return passedMs;
    const { user, system } = process.threadCpuUsage(started);
    return Math.min(passedMs, (user + system) / 1000);
  };
}
