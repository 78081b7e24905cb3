const MINUTE_MS = 60_000;

/** Token buckets: as many calls at once as a minute allows, then evenly. */
export class RateLimiter {
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  /** 0: go on; else the seconds to wait. */
  take(client: string, perMinute: number, nowMs: number): number {
    const { tokens, atMs } = this.#buckets.get(client) ?? { tokens: perMinute, atMs: nowMs };
    const filled = Math.min(perMinute, tokens + ((nowMs - atMs) * perMinute) / MINUTE_MS);
    const isAllowed = filled >= 1;
    this.#buckets.set(client, { tokens: isAllowed ? filled - 1 : filled, atMs: nowMs });
    return isAllowed ? 0 : Math.ceil(((1 - filled) * MINUTE_MS) / perMinute / 1000);
  }
}
