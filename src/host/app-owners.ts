import type { OwnerTable } from '../protocol/cell-messages.ts';

/**
 * In which cells an app lives. Pure. By rendezvous hashing over slots, so that a cell's replacement moves nothing, and a slot that is empty for a while
 * moves only what lived there.
 */
export class AppOwners {
  readonly table: OwnerTable;
  readonly #apart: ReadonlySet<string>;
  readonly #hot: ReadonlyMap<string, number>;
  /** slots for apps in good standing */
  readonly #slots: readonly number[];
  readonly #known = new Map<string, readonly number[]>();

  constructor(table: OwnerTable) {
    this.table = table;
    this.#apart = new Set(table.apart?.apps);
    this.#hot = new Map(table.hot.map(({ app, owners }) => [app, owners]));
    const good = table.cells.flatMap((_, slot) => (slot === table.apart?.slot ? [] : slot));
    const taken = good.filter((slot) => table.cells[slot] !== 0);
    // when all are empty, requests wait for the next cell there rather than go where cells die
    this.#slots = taken.length > 0 ? taken : good;
  }

  /** Slots, the first one first: one for an app that cost a cell, whether a cell is there or not, and as many as it needs for any other. Never empty. */
  of(app: string): readonly number[] {
    const known = this.#known.get(app);
    if (known !== undefined) return known;
    const owners = this.#find(app);
    this.#known.set(app, owners);
    return owners;
  }

  /** It cost a cell, and lives with others that did and nobody else. */
  isApart(app: string): boolean {
    return this.#apart.has(app);
  }

  #find(app: string): readonly number[] {
    const { apart } = this.table;
    if (apart !== undefined && this.isApart(app)) return [apart.slot];
    const count = this.#hot.get(app) ?? 1;
    return this.#slots.toSorted((a, b) => weight(app, b) - weight(app, a)).slice(0, count);
  }
}

/** FNV-1a of the name, then the finaliser of MurmurHash3 with the slot: any two slots order the names independently. */
function weight(app: string, slot: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < app.length; i++) hash = Math.imul(hash ^ app.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ Math.imul(slot + 1, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
