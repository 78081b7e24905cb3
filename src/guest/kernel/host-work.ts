/** What each request waits for that the host does: its calls, and the next chunks of the streams that it reads. */
import { Table } from './table.ts';

const counts = new Table<number>();

export function hostWorkBegins(requestId: number): void {
  counts.set(requestId, (counts.get(requestId) ?? 0) + 1);
}

export function hostWorkEnds(requestId: number): void {
  const left = (counts.take(requestId) ?? 1) - 1;
  if (left > 0) counts.set(requestId, left);
}

export function awaitsHostWork(requestId: number): boolean {
  return counts.get(requestId) !== undefined;
}
