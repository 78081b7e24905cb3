import { chmodSync, chownSync, closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import type { SendHandle } from 'node:child_process';
import { NanosError } from '../protocol/errors.ts';

/** Below the data directory, which is where cells are. */
const FOLDER = 'cells';
/** A path in the address of a Unix socket: 104 bytes with its end on macOS, 108 on Linux. */
const PATH_BYTES_MAX = 103;

interface BoundSocket {
  close(): void;
}

/** As in cell-sockets.ts. */
interface NetInternals {
  _createServerHandle(path: string, port: -1, family: -1, fd: -1): BoundSocket | number;
}

/**
 * The Unix sockets by which cells reach one another, a slot each, held by the supervisor: what is sent to a slot whose cell is gone waits for the next one.
 * Only the host's user and `group` get to them.
 */
export class ForwardSockets {
  /** as a cell in the data directory spells them */
  readonly paths: readonly string[];
  readonly #folder: string;
  readonly #fd: number;
  readonly #sockets: readonly BoundSocket[];

  constructor(dataDir: string, count: number, group: number | undefined) {
    this.#folder = join(dataDir, FOLDER);
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { mode: 0o700 });
    const names = Array.from({ length: count }, (_, slot) => `${slot}`);
    this.paths = names.map((name) => `${FOLDER}/${name}`);
    this.#fd = openSync(this.#folder, constants.O_RDONLY);
    // by the folder's descriptor where the system knows that: then the path to it may be of any length
    const way = process.platform === 'linux' ? `/proc/self/fd/${this.#fd}` : this.#folder;
    this.#sockets = names.map((name) => bind(join(way, name)));
    if (group !== undefined) this.#admit(names, group);
  }

  /** To be sent to the cell in that slot. */
  of(slot: number): SendHandle {
    return this.#sockets[slot] as unknown as SendHandle;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #admit(names: readonly string[], group: number): void {
    for (const name of names) {
      chownSync(join(this.#folder, name), process.getuid!(), group);
      chmodSync(join(this.#folder, name), 0o660);
    }
    chownSync(this.#folder, process.getuid!(), group);
    chmodSync(this.#folder, 0o710);
  }
}

function bind(path: string): BoundSocket {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new NanosError('folder_unreadable', `The path of the data directory is too long for the sockets of several cells: use another --data directory, or --cells 1`);
  const socket = (net as unknown as NetInternals)._createServerHandle(path, -1, -1, -1);
  if (typeof socket !== 'number') return socket;
  throw new NanosError('folder_unreadable', `Can not make a socket below the data directory: ${getSystemErrorName(socket)}`);
}
