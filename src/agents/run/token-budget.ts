import type { TokenReservation } from '../syscall-handler.ts';

/** Tokens of one run: what its models used, and what its calls under way may still use. Both together are never more than the budget. */
export class TokenBudget {
  readonly #max: number;
  #used = 0;
  #reserved = 0;
  readonly #waiting = new Set<() => void>();

  constructor(tokensMax: number) {
    this.#max = tokensMax;
  }

  /** By replies on record and calls under way. */
  setUsed(tokens: number): void {
    this.#used = tokens;
  }

  /**
   * Resolves to `wanted` tokens; while other calls hold what is missing, they are waited for. When no other call holds any, to what is left, 0 included.
   * `onCharge` is told what the call used, a refund as a negative number. Rejects with the signal's reason.
   */
  async reserve(wanted: number, signal: AbortSignal, onCharge: (tokens: number) => void): Promise<TokenReservation> {
    signal.throwIfAborted();
    while (this.#left() < wanted && this.#reserved > 0) await this.#settled(signal);
    return this.#hold(Math.max(0, Math.min(wanted, this.#left())), onCharge);
  }

  #left(): number {
    return this.#max - this.#used - this.#reserved;
  }

  #hold(tokens: number, onCharge: (tokens: number) => void): TokenReservation {
    let charged = 0;
    let held = tokens;
    let isOver = false;
    const hold = (next: number): void => {
      this.#reserved += next - held;
      held = next;
    };
    this.#reserved += held;
    return {
      tokens,
      charge: (used) => {
        charged += used;
        this.#used += used;
        onCharge(used);
        if (!isOver) hold(Math.max(0, tokens - charged));
      },
      release: () => {
        isOver = true;
        hold(0);
        for (const wake of this.#waiting) wake();
      },
    };
  }

  #settled(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(end);
        signal.removeEventListener('abort', end);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      this.#waiting.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
