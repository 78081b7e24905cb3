/** Which apps need more cells than one. Pure: a round is a review, whenever it comes. */
import type { AppLoad } from '../protocol/cell-messages.ts';

/** An app that keeps its cells this busy, each on average, for that many rounds gets one more. */
const HOT_SHARE = 0.7;
const HOT_ROUNDS = 3;
/** It gives one back once fewer cells would be less busy than this, for that many rounds: far from where it would get it again. */
const COOL_SHARE = 0.4;
const COOL_ROUNDS = 30;

interface Warmth {
  owners: number;
  hotRounds: number;
  coolRounds: number;
}

export class HotApps {
  /** by slot: what its cell said last */
  readonly #loads = new Map<number, ReadonlyMap<string, number>>();
  readonly #warmth = new Map<string, Warmth>();

  /** What the cell in that slot has had to do since it last said so. */
  report(slot: number, loads: readonly AppLoad[]): void {
    this.#loads.set(slot, new Map(loads.map(({ app, share }) => [app, share])));
  }

  /** The cell in that slot is gone. */
  lost(slot: number): void {
    this.#loads.delete(slot);
  }

  /** Weighs what was reported; no app gets more owners than `ownersMax`. Returns those whose number has changed. */
  review(ownersMax: number): { app: string; owners: number }[] {
    const shares = new Map<string, number>();
    for (const loads of this.#loads.values()) for (const [app, share] of loads) shares.set(app, (shares.get(app) ?? 0) + share);
    const apps = new Set([...shares.keys(), ...this.#warmth.keys()]);
    return [...apps].flatMap((app) => this.#weigh(app, shares.get(app) ?? 0, ownersMax));
  }

  #weigh(app: string, share: number, ownersMax: number): { app: string; owners: number }[] {
    const warmth = this.#warmth.get(app) ?? { owners: 1, hotRounds: 0, coolRounds: 0 };
    const before = warmth.owners;
    warmth.hotRounds = share / before >= HOT_SHARE ? warmth.hotRounds + 1 : 0;
    warmth.coolRounds = before > 1 && share / (before - 1) < COOL_SHARE ? warmth.coolRounds + 1 : 0;
    if (warmth.hotRounds >= HOT_ROUNDS) warmth.owners++;
    else if (warmth.coolRounds >= COOL_ROUNDS) warmth.owners--;
    warmth.owners = Math.min(warmth.owners, ownersMax);
    if (warmth.owners !== before) warmth.hotRounds = warmth.coolRounds = 0;
    if (warmth.owners > 1 || warmth.hotRounds > 0) this.#warmth.set(app, warmth);
    else this.#warmth.delete(app);
    return warmth.owners === before ? [] : [{ app, owners: warmth.owners }];
  }

  get hot(): { app: string; owners: number }[] {
    return [...this.#warmth].flatMap(([app, { owners }]) => (owners > 1 ? [{ app, owners }] : []));
  }
}
