/** The supervisor's word on which app lives where: it changes here only, and cells follow. Pure. */
import type { AppLoad, OwnerTable } from '../protocol/cell-messages.ts';
import { AppOwners } from './app-owners.ts';
import { HotApps } from './hot-apps.ts';

export interface OwnerDeskOptions {
  /** slots, one a cell */
  readonly count: number;
  changed(table: OwnerTable): void;
  event(event: string, app: string, fields: Readonly<Record<string, unknown>>): void;
}

export class OwnerDesk {
  readonly #options: OwnerDeskOptions;
  readonly #hot = new HotApps();
  #owners: AppOwners;

  constructor(options: OwnerDeskOptions) {
    this.#options = options;
    this.#owners = new AppOwners({ cells: Array.from({ length: options.count }, () => 0), apart: undefined, hot: [] });
  }

  get table(): OwnerTable {
    return this.#owners.table;
  }

  /** The slots in which the app lives, and whether it lives there because it cost a cell. */
  ownersOf(app: string): { slots: readonly number[]; isApart: boolean } {
    return { slots: this.#owners.of(app), isApart: this.#owners.isApart(app) };
  }

  /** A cell serves there. */
  taken(slot: number, cell: number): void {
    this.#put({ cells: this.table.cells.with(slot, cell) });
  }

  /** That cell serves no more; nothing changes when another has taken its place. */
  left(slot: number, cell: number): void {
    if (this.table.cells[slot] !== cell) return;
    this.#hot.lost(slot);
    this.#put({ cells: this.table.cells.with(slot, 0) });
  }

  /** Apps that are held to have cost a cell, now; the last of them a cell in `slot`, which is theirs when none has been set aside yet. */
  blamed(apps: readonly string[], slot: number | undefined): void {
    const { apart } = this.table;
    const apartSlot = apart?.slot ?? slot;
    if (apps.length === 0 || apartSlot === undefined) {
      if (apart !== undefined) this.#put({ apart: undefined });
      return;
    }
    const before = new Set(apart?.apps);
    const added = apps.filter((app) => !before.has(app));
    if (added.length === 0 && before.size === apps.length) return;
    this.#put({ apart: { slot: apartSlot, apps: apps.toSorted() } });
    for (const app of added) this.#options.event('app_set_apart', app, { slot: apartSlot });
  }

  report(slot: number, loads: readonly AppLoad[]): void {
    this.#hot.report(slot, loads);
  }

  /** Gives hot apps more owners, and takes them back. */
  review(): void {
    const changes = this.#hot.review(ownersMax(this.table.cells.length - (this.table.apart === undefined ? 0 : 1)));
    if (changes.length === 0) return;
    this.#put({ hot: this.#hot.hot });
    for (const { app, owners } of changes) this.#options.event('app_owners', app, { owners });
  }

  #put(change: Partial<OwnerTable>): void {
    this.#owners = new AppOwners({ ...this.table, ...change });
    this.#options.changed(this.table);
  }
}

/** Of three cells or more an app leaves one alone: what costs every cell that it is in does not cost all. */
function ownersMax(cells: number): number {
  return cells < 3 ? cells : cells - 1;
}
