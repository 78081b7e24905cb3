/** Several cells as the supervisor sees them: a slot each, which outlives its cell, with the socket by which the others reach it. */
import { randomBytes } from 'node:crypto';
import type { SendHandle } from 'node:child_process';
import type { AppLoad, CellPlace, OwnerTable } from '../protocol/cell-messages.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { ForwardSockets } from './forward-sockets.ts';
import { OwnerDesk } from './owner-desk.ts';

export interface CellPlacesOptions {
  readonly dataDir: string;
  readonly count: number;
  /** of the users that cells run as, when that is not the host's own */
  readonly group: number | undefined;
  /** apps that cost a cell, now */
  blamed(): readonly string[];
  /** Cells are to follow this from now on. */
  changed(owners: OwnerTable): void;
  event(event: string, app: string, fields: Readonly<Record<string, unknown>>): void;
}

export class CellPlaces {
  readonly #options: CellPlacesOptions;
  readonly #sockets: ForwardSockets;
  readonly #key = randomBytes(32).toString('hex');
  readonly #desk: OwnerDesk;
  readonly #rounds: NodeJS.Timeout;

  constructor(options: CellPlacesOptions) {
    this.#options = options;
    this.#sockets = new ForwardSockets(options.dataDir, options.count, options.group);
    this.#desk = new OwnerDesk(options);
    this.#rounds = setInterval(() => {
      this.review(undefined);
      this.#desk.review();
    }, HOST_LIMITS.heartbeatMs).unref();
  }

  of(slot: number): CellPlace {
    return { slot, sockets: this.#sockets.paths, key: this.#key, owners: this.#desk.table };
  }

  socketOf(slot: number): SendHandle {
    return this.#sockets.of(slot);
  }

  ownersOf(app: string): { slots: readonly number[]; isApart: boolean } {
    return this.#desk.ownersOf(app);
  }

  /** Whether a cell there takes clients' connections. */
  isOpen(slot: number): boolean {
    return this.#desk.table.apart?.slot !== slot;
  }

  taken(slot: number, cell: number): void {
    this.#desk.taken(slot, cell);
  }

  left(slot: number, cell: number): void {
    this.#desk.left(slot, cell);
  }

  report(slot: number, loads: readonly AppLoad[]): void {
    this.#desk.report(slot, loads);
  }

  /** Apps came under blame, or have behaved for long enough. `slot`: of the cell that was lost now. */
  review(slot: number | undefined): void {
    this.#desk.blamed(this.#options.blamed(), slot);
  }

  close(): void {
    clearInterval(this.#rounds);
    this.#sockets.close();
  }
}
