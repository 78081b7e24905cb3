import type { SocketAnswer, SocketAsk } from '../protocol/cell-messages.ts';
import { fromErrorData } from '../protocol/errors.ts';

interface Waiting {
  resolve(socket: object): void;
  reject(error: Error): void;
}

/** A cell's end of {@link CellSockets}. One question a port at a time. */
export class CellSocketLine {
  readonly #tell: (ask: SocketAsk) => void;
  readonly #waiting = new Map<number, Waiting>();

  constructor(tell: (ask: SocketAsk) => void) {
    this.#tell = tell;
  }

  /** What `net.Server.listen` takes. */
  take(port: number): Promise<object> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(port, { resolve, reject });
      this.#tell({ type: 'socket', port, wanted: true });
    });
  }

  give(port: number): void {
    this.#tell({ type: 'socket', port, wanted: false });
  }

  receive({ port, error }: SocketAnswer, socket: unknown): void {
    const waiting = this.#waiting.get(port);
    this.#waiting.delete(port);
    if (error !== undefined) waiting?.reject(fromErrorData(error));
    else if (typeof socket === 'object' && socket !== null) waiting?.resolve(socket);
    else waiting?.reject(new Error('A socket was lost on its way'));
  }
}
