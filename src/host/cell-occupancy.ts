/**
 * Whose code runs in a cell, kept outside of it, so that it can be read when the cell is dead: a file without a name that the supervisor
 * opens and the cell inherits. A slot is the length of an app's name and the name.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { TurnRecord } from '../apps/run/entry-scheduler.ts';

/** Descriptor of the file in a cell. */
export const OCCUPANCY_FD = 4;

/** Turns at once that can be recorded. */
export const OCCUPANCY_SLOTS = 64;
/** A name is a DNS label: 63 at most. */
const SLOT_BYTES = 64;
const TABLE_BYTES = OCCUPANCY_SLOTS * SLOT_BYTES;
/** An app that left its slot is struck out after this long, unless it is back before. */
const STRIKE_OUT_MS = 5;

/** The supervisor's end. */
export interface CellOccupancy {
  /** to be inherited by the cell as {@link OCCUPANCY_FD} */
  readonly fd: number | 'ignore';
  /** Apps whose code ran at the cell's last moment, or had run until {@link STRIKE_OUT_MS} before. */
  apps(): string[];
  close(): void;
}

/** A cell is more than its record: where no file can be made, nobody will be known. */
export function openCellOccupancy(folder: string): CellOccupancy {
  try {
    return opened(emptyTable(folder));
  } catch {
    return { fd: 'ignore', apps: () => [], close: () => undefined };
  }
}

/** Its blocks are there before it is used, so that a full disk does not keep a cell from writing. */
function emptyTable(folder: string): number {
  const file = join(folder, `occupancy-${randomBytes(8).toString('hex')}`);
  const fd = openSync(file, 'wx+', 0o600);
  try {
    writeSync(fd, new Uint8Array(TABLE_BYTES), 0, TABLE_BYTES, 0);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    rmSync(file, { force: true });
  }
}

function opened(fd: number): CellOccupancy {
  return {
    fd,
    apps: () => {
      const table = Buffer.alloc(TABLE_BYTES);
      readSync(fd, table, 0, TABLE_BYTES, 0);
      const names = Array.from({ length: OCCUPANCY_SLOTS }, (_, slot) => nameAt(table, slot));
      return [...new Set(names)].filter((name) => /^[a-z0-9-]+$/u.test(name));
    },
    close: () => closeSync(fd),
  };
}

function nameAt(table: Buffer, slot: number): string {
  const at = slot * SLOT_BYTES;
  const length = Math.min(table[at] ?? 0, SLOT_BYTES - 1);
  return table.toString('latin1', at + 1, at + 1 + length);
}

/** Writes the table to the inherited file. What can't be written is not known later; the cell goes on. */
export function writeOccupancy(table: Uint8Array): void {
  try {
    writeSync(OCCUPANCY_FD, table, 0, table.byteLength, 0);
  } catch {
    // a diagnosis less
  }
}

interface Slot {
  app: string;
  isInside: boolean;
}

/**
 * The cell's end. A write costs one to two microseconds, and most turns need none: an app that comes back to the slot that it left is there already.
 * While one app is alone inside, the table names it alone.
 */
export class OccupancyRecord implements TurnRecord {
  readonly #write: (table: Uint8Array) => void;
  readonly #slots: Slot[] = [];
  readonly #table = Buffer.alloc(TABLE_BYTES);
  #inside = 0;
  #willStrikeOut = false;

  constructor(write: (table: Uint8Array) => void) {
    this.#write = write;
  }

  begin(app: string): number {
    const isAlone = this.#inside++ === 0;
    const own = this.#slots.findIndex((slot) => !slot.isInside && slot.app === app);
    const slot = own >= 0 ? own : this.#freeSlot();
    const taken = (this.#slots[slot] ??= { app, isInside: true });
    taken.app = app;
    taken.isInside = true;
    if (own < 0 || (isAlone && this.#slots.some(({ app: name, isInside }) => !isInside && name !== ''))) this.#put();
    return slot;
  }

  end(slot: number): void {
    this.#inside--;
    const left = this.#slots[slot];
    if (left !== undefined) left.isInside = false;
    if (this.#willStrikeOut) return;
    this.#willStrikeOut = true;
    setTimeout(() => this.#strikeOut(), STRIKE_OUT_MS).unref();
  }

  #freeSlot(): number {
    const free = this.#slots.findIndex(({ isInside }) => !isInside);
    return free >= 0 ? free : this.#slots.length;
  }

  #strikeOut(): void {
    this.#willStrikeOut = false;
    if (this.#slots.some(({ app, isInside }) => !isInside && app !== '')) this.#put();
  }

  #put(): void {
    const used = Math.min(this.#slots.length, OCCUPANCY_SLOTS);
    for (let index = 0; index < used; index++) {
      const slot = this.#slots[index]!;
      if (!slot.isInside) slot.app = '';
      const at = index * SLOT_BYTES;
      this.#table[at] = slot.app === '' ? 0 : this.#table.write(slot.app, at + 1, SLOT_BYTES - 1, 'latin1');
    }
    this.#write(this.#table.subarray(0, used * SLOT_BYTES));
  }
}
