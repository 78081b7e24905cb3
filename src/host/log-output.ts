import pino from 'pino';

export interface LogOutput {
  write(line: string): unknown;
  /** Resolves when everything written so far is out. */
  flush(): Promise<void>;
}

export interface LogOutputOptions {
  readonly fileDescriptor: number;
  /** lines waiting for a reader that doesn't keep up; what comes on top is lost */
  readonly waitingBytesMax?: number;
  readonly onDrop?: (line: string) => void;
}

const WAITING_BYTES_MAX = 8 * 1024 * 1024;

/** Lines to a file descriptor without ever blocking the event loop; a reader that goes away ends the output quietly. */
export function openLogOutput(options: LogOutputOptions): LogOutput {
  const destination = pino.destination({ dest: options.fileDescriptor, sync: false, minLength: 1, maxLength: options.waitingBytesMax ?? WAITING_BYTES_MAX });
  destination.on('drop', (line: string) => options.onDrop?.(line));
  return {
    write: (line) => destination.write(line),
    flush: () => new Promise((resolve) => destination.flush(() => resolve())),
  };
}
