import { NanosError } from '../../protocol/errors.ts';

const RETRY_AFTER_S = 5;

interface Waiting {
  start(): void;
}

/**
 * Turns for calls of many tenants. Of the tenants that wait, the one with the fewest calls under way is next; among equals, the one that has waited
 * longest for a turn. A tenant's own calls keep their order.
 */
export class FairQueue {
  readonly #slots: number;
  readonly #waitingMax: number;
  /** in the order of turns */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #active = new Map<string, number>();
  #waitingCount = 0;
  #activeCount = 0;

  constructor(slots: number, waitingMax: number) {
    this.#slots = slots;
    this.#waitingMax = waitingMax;
  }

  get isIdle(): boolean {
    return this.#activeCount === 0 && this.#waitingCount === 0;
  }

  /** Resolves to the function that ends the turn. Rejects with `overloaded`, or with the signal's reason. */
  async take(tenant: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#activeCount >= this.#slots) await this.#wait(tenant, signal);
    else this.#begin(tenant);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#end(tenant);
    };
  }

  #wait(tenant: string, signal: AbortSignal): Promise<void> {
    if (this.#waitingCount >= this.#waitingMax) {
      throw new NanosError('overloaded', `${this.#waitingMax} calls wait for this model already`, { retryAfterS: RETRY_AFTER_S });
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#remove(tenant, waiting);
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.set(tenant, [...(this.#waiting.get(tenant) ?? []), waiting]);
      this.#waitingCount++;
    });
  }

  #remove(tenant: string, waiting: Waiting): void {
    const rest = (this.#waiting.get(tenant) ?? []).filter((other) => other !== waiting);
    if (rest.length === 0) this.#waiting.delete(tenant);
    else this.#waiting.set(tenant, rest);
    this.#waitingCount--;
  }

  #begin(tenant: string): void {
    this.#activeCount++;
    this.#active.set(tenant, (this.#active.get(tenant) ?? 0) + 1);
  }

  #end(tenant: string): void {
    this.#activeCount--;
    const left = (this.#active.get(tenant) ?? 1) - 1;
    if (left === 0) this.#active.delete(tenant);
    else this.#active.set(tenant, left);
    this.#startNext();
  }

  #startNext(): void {
    const tenant = this.#nextTenant();
    if (tenant === undefined) return;
    const [first, ...rest] = this.#waiting.get(tenant) ?? [];
    this.#waiting.delete(tenant);
    if (rest.length > 0) this.#waiting.set(tenant, rest);
    this.#waitingCount--;
    this.#begin(tenant);
    first?.start();
  }

  #nextTenant(): string | undefined {
    let next: string | undefined;
    let fewest = Infinity;
    for (const tenant of this.#waiting.keys()) {
      const active = this.#active.get(tenant) ?? 0;
      if (active < fewest) {
        fewest = active;
        next = tenant;
      }
    }
    return next;
  }
}
