/**
 * CPU time of every thread of this process but the main one: isolates run on those. An upper bound of what any one isolate used, and,
 * unlike `isolate.cpuTime` (wall time while the isolate is entered, in this build), it stands still while a crowded machine runs others.
 */
export function workerCpuUs(): number {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  return all.user + all.system - main.user - main.system;
}
