import type { ActiveRequest } from './active-request.ts';

/** How many requests may share an entry at most. */
const ITEMS_MAX = 32;
/** Part of the limit that an entry is expected to use, when requests are batched. */
const EXPECTED_PART = 0.5;
/** Nor is more expected of it, however much a request may use: short turns are what apps have beside the long ones of others. */
const EXPECTED_MS_MAX = 8;
const SMOOTHING = 0.2;
/** An entry with several owners may go over its expectation by this factor before it is stopped. */
const SURPRISE_FACTOR = 4;

/**
 * CPU budgets of an isolate's entries. Requests share an entry only as far as the app has shown to be cheap, so that a batch is expected
 * to stay well below one request's limit and one that runs away in it is still stopped near that limit.
 */
export class EntryBudget {
  readonly #limitMs: number;
  #averageMs: number;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#averageMs = limitMs;
  }

  /** How many new requests may join an entry that already has work for `owners` requests. */
  itemsMax(owners: number): number {
    const affordable = Math.floor(Math.min(this.#limitMs * EXPECTED_PART, EXPECTED_MS_MAX) / Math.max(this.#averageMs, 0.01));
    return Math.max(owners === 0 ? 1 : 0, Math.min(affordable, ITEMS_MAX) - owners);
  }

  /** CPU that an entry on behalf of `owners` may use, in ms. */
  of(owners: readonly ActiveRequest[]): number {
    let leastUsedMs = owners.length === 0 ? 0 : Infinity;
    for (const owner of owners) leastUsedMs = Math.min(leastUsedMs, owner.cpuMs);
    const others = Math.max(0, owners.length - 1);
    return Math.max(1, this.#limitMs - leastUsedMs + Math.min(others * this.#averageMs * SURPRISE_FACTOR, 2 * this.#limitMs));
  }

  learn(cpuMs: number, owners: number): void {
    if (owners === 0) return;
    this.#averageMs += (cpuMs / owners - this.#averageMs) * SMOOTHING;
  }
}
