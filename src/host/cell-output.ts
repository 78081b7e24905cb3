import type { Readable } from 'node:stream';

/** Of one cell: what V8 says when it dies is some forty lines. */
const LINES_MAX = 200;
const LINE_LENGTH_MAX = 2_000;

/**
 * Lines that a cell prints: only V8 and Node.js do, about failures of the process. They may hold names that a tenant chose, so they go where other
 * words of tenants go. A cell that is in a stranger's hands could print without end: past the first {@link LINES_MAX} lines, and past
 * {@link LINE_LENGTH_MAX} of each, it is read and dropped. A process that could not be started has no streams.
 */
export function readCellOutput(streams: readonly (Readable | null | undefined)[], line: (text: string) => void): void {
  let lines = 0;
  const print = (text: string): void => {
    if (text !== '' && lines++ < LINES_MAX) line(text);
  };
  for (const stream of streams) {
    if (stream === null || stream === undefined) continue;
    let unfinished = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      if (lines >= LINES_MAX) return;
      const [first = '', ...rest] = text.split(/\r?\n/u);
      unfinished += first.slice(0, LINE_LENGTH_MAX - unfinished.length);
      for (const begun of rest) {
        print(unfinished);
        unfinished = begun.slice(0, LINE_LENGTH_MAX);
      }
    });
    stream.on('end', () => print(unfinished));
  }
}
