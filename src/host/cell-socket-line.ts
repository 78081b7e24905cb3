import type { SocketAnswer, SocketAsk } from '../protocol/cell-messages.ts';
import { fromErrorData } from '../protocol/errors.ts';

/** What `net.Server.listen` takes. */
export interface ListeningSocket {
  close(): void;
}

interface Waiting {
  resolve(socket: ListeningSocket): void;
  reject(error: Error): void;
}

/** A cell's end of {@link CellSockets}. Questions for one port are answered in turn. */
export class CellSocketLine {
  readonly #tell: (ask: SocketAsk) => void;
  readonly #waiting = new Map<number, Waiting[]>();

  constructor(tell: (ask: SocketAsk) => void) {
    this.#tell = tell;
  }

  take(port: number): Promise<ListeningSocket> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(port, [...(this.#waiting.get(port) ?? []), { resolve, reject }]);
      this.#tell({ type: 'socket', port, wanted: true });
    });
  }

  give(port: number): void {
    this.#tell({ type: 'socket', port, wanted: false });
  }

  receive({ port, error }: SocketAnswer, socket: unknown): void {
    const [waiting, ...others] = this.#waiting.get(port) ?? [];
    if (others.length === 0) this.#waiting.delete(port);
    else this.#waiting.set(port, others);
    if (error !== undefined) waiting?.reject(fromErrorData(error));
    else if (isSocket(socket)) waiting?.resolve(socket);
    else waiting?.reject(new Error('A socket was lost on its way'));
  }
}

function isSocket(socket: unknown): socket is ListeningSocket {
  return typeof socket === 'object' && socket !== null && 'close' in socket;
}
