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
