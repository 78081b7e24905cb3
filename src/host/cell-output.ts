import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Of one cell: what V8 says when it dies is some forty lines. */
const LINES_MAX = 200;
const LINE_LENGTH_MAX = 2_000;

/**
 * Lines that a cell prints: only V8 and Node.js do, about failures of the process. They may hold names that a tenant chose, so they go where other
 * words of tenants go. Past the first {@link LINES_MAX} they are dropped; a cell that is in a stranger's hands could print without end.
 */
export function readCellOutput(streams: readonly (Readable | null)[], line: (text: string) => void): void {
  let lines = 0;
  for (const stream of streams) {
    if (stream === null) continue;
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (text) => {
      if (text !== '' && lines++ < LINES_MAX) line(text.slice(0, LINE_LENGTH_MAX));
    });
  }
}
