/** What becomes of clients while no cell takes their connections: they wait, and after a while they are told that there is none. */
import type { ChildProcess, SendHandle } from 'node:child_process';
import type { CellLogLine } from '../protocol/cell-messages.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';

/** `answer` comes with a listening socket. */
export interface ToStandIn {
  readonly type: 'answer' | 'end';
}

export interface CellAbsenceOptions {
  /** a cell takes clients' connections */
  isServed(): boolean;
  /** those on which cells accept */
  sockets(): Promise<SendHandle[]>;
  startStandIn(): ChildProcess;
  log(lines: readonly CellLogLine[]): void;
}

export class CellAbsence {
  readonly #options: CellAbsenceOptions;
  #timer: NodeJS.Timeout | undefined;
  #standIn: ChildProcess | undefined;
  #isClosed = false;

  constructor(options: CellAbsenceOptions) {
    this.#options = options;
  }

  /** To be called whenever cells come or go. */
  review(): void {
    if (this.#isClosed) return;
    if (this.#options.isServed()) this.#end();
    else if (this.#standIn === undefined) this.#timer ??= setTimeout(() => void this.#begin(), HOST_LIMITS.cellWaitMsMax);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#standIn?.kill('SIGKILL');
  }

  async #begin(): Promise<void> {
    this.#timer = undefined;
    const sockets = await this.#options.sockets();
    if (this.#isClosed || this.#options.isServed()) return;
    this.#options.log([{ level: 'error', event: 'cells_absent', message: `No cell has served for ${HOST_LIMITS.cellWaitMsMax / 1_000} s: requests are refused until one does` }]);
    const standIn = this.#options.startStandIn();
    this.#standIn = standIn;
    // 'exit' does not follow when it never was a process
    standIn.on('error', () => this.#lost(standIn));
    standIn.on('exit', () => this.#lost(standIn));
    for (const socket of sockets) this.#send(standIn, { type: 'answer' }, socket);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const standIn = this.#standIn;
    this.#standIn = undefined;
    if (standIn !== undefined) this.#send(standIn, { type: 'end' });
  }

  #lost(standIn: ChildProcess): void {
    if (this.#standIn !== standIn) return;
    this.#standIn = undefined;
    this.review();
  }

  #send(standIn: ChildProcess, message: ToStandIn, socket?: SendHandle): void {
    if (standIn.connected) standIn.send(message, socket, () => undefined);
  }
}
