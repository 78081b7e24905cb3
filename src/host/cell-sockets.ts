import type { SendHandle } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { NanosError } from '../protocol/errors.ts';

/** A socket of this process that is bound and on which it does not accept. */
interface BoundSocket {
  /** Returns 0, or the number of an error; of the binding's too, which the system may not have told then. */
  getsockname(address: { port?: number }): number;
  close(): void;
}

/** What node:cluster makes its shared sockets with. A net.Server would also accept; and cluster closes a socket with the last worker that has it. */
interface NetInternals {
  _createServerHandle(address: string, port: number, family: number, fd: number): BoundSocket | number;
}

interface Held {
  readonly socket: Promise<BoundSocket>;
  readonly users: Set<object>;
}

/**
 * The sockets on which cells accept, held by the supervisor, which never accepts: as long as it has them, a connection that no cell has taken yet
 * waits in the kernel, also while there is no cell at all.
 */
export class CellSockets {
  readonly #host: string;
  readonly #held = new Map<number, Held>();

  constructor(host: string) {
    this.#host = host;
  }

  /** The socket of that port, to be sent to the cell `user`. Rejects with `port_in_use`, `port_forbidden`. */
  async take(port: number, user: object): Promise<SendHandle> {
    const held = this.#held.get(port) ?? { socket: bind(this.#host, port), users: new Set() };
    this.#held.set(port, held);
    held.users.add(user);
    try {
      return (await held.socket) as unknown as SendHandle;
    } catch (error) {
      if (this.#held.get(port) === held) this.#held.delete(port);
      throw error;
    }
  }

  /** All that are held, to be sent to whoever answers while there is no cell. */
  async all(): Promise<SendHandle[]> {
    const held = await Promise.allSettled([...this.#held.values()].map(({ socket }) => socket));
    return held.flatMap((bound) => (bound.status === 'fulfilled' ? [bound.value as unknown as SendHandle] : []));
  }

  /** The cell listens there no more; nor does anybody when it was the last. */
  give(port: number, user: object): void {
    const held = this.#held.get(port);
    if (held?.users.delete(user) === true && held.users.size === 0) this.#close(port, held);
  }

  /** The cell is gone. What it listened on stays open for the one that takes its place. */
  lost(user: object): void {
    for (const { users } of this.#held.values()) users.delete(user);
  }

  /** Closes what no cell wants, now that those there are have all that they want. */
  closeUnused(): void {
    for (const [port, held] of this.#held) if (held.users.size === 0) this.#close(port, held);
  }

  closeAll(): void {
    for (const [port, held] of this.#held) this.#close(port, held);
  }

  #close(port: number, held: Held): void {
    this.#held.delete(port);
    held.socket.then((socket) => socket.close(), () => undefined);
  }
}

async function bind(host: string, port: number): Promise<BoundSocket> {
  const { address, family } = await lookup(host);
  const socket = (net as unknown as NetInternals)._createServerHandle(address, port, family, -1);
  if (typeof socket === 'number') throw bindError(port, socket);
  // one that is not bound would be given another port when a cell listens on it
  const error = socket.getsockname({});
  if (error === 0) return socket;
  socket.close();
  throw bindError(port, error);
}

function bindError(port: number, error: number): NanosError {
  const name = getSystemErrorName(error);
  if (name === 'EADDRINUSE') return new NanosError('port_in_use', `Port ${port} is in use by another program`);
  return new NanosError('port_forbidden', `Can not listen on port ${port}: ${name}`);
}
