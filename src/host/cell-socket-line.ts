import type { SocketAnswer, SocketAsk } from '../protocol/cell-messages.ts';
import { fromErrorData } from '../protocol/errors.ts';

/** What `net.Server.listen` takes. */
export interface ListeningSocket {
  close(): void;
}

interface Waiting {
  resolve(socket: ListeningSocket): void;
  reject(error: Error): void;
  readonly deadline: NodeJS.Timeout;
}

/** A socket for which this process has no descriptor does not come, and nothing says so. */
const ANSWER_MS_MAX = 10_000;

/** A cell's end of {@link CellSockets}. Questions for one port are answered in turn. */
export class CellSocketLine {
  readonly #tell: (ask: SocketAsk) => void;
  readonly #waiting = new Map<number, readonly Waiting[]>();

  constructor(tell: (ask: SocketAsk) => void) {
    this.#tell = tell;
  }

  /** Rejects when there is no answer within {@link ANSWER_MS_MAX}, or with why the port can't be had. */
  take(port: number): Promise<ListeningSocket> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#put(port, this.#waitingFor(port).filter((other) => other !== waiting));
        reject(new Error(`The socket of port ${port} has not come`));
      }, ANSWER_MS_MAX);
      const waiting = { resolve, reject, deadline };
      this.#put(port, [...this.#waitingFor(port), waiting]);
      this.#tell({ type: 'socket', port, wanted: true });
    });
  }

  give(port: number): void {
    this.#tell({ type: 'socket', port, wanted: false });
  }

  receive({ port, error }: SocketAnswer, socket: unknown): void {
    const [waiting, ...others] = this.#waitingFor(port);
    this.#put(port, others);
    clearTimeout(waiting?.deadline);
    if (error !== undefined) waiting?.reject(fromErrorData(error));
    else if (!isSocket(socket)) waiting?.reject(new Error('A socket was lost on its way'));
    else if (waiting === undefined) socket.close();
    else waiting.resolve(socket);
  }

  #waitingFor(port: number): readonly Waiting[] {
    return this.#waiting.get(port) ?? [];
  }

  #put(port: number, waiting: readonly Waiting[]): void {
    if (waiting.length === 0) this.#waiting.delete(port);
    else this.#waiting.set(port, waiting);
  }
}

function isSocket(socket: unknown): socket is ListeningSocket {
  return typeof socket === 'object' && socket !== null && 'close' in socket;
}
