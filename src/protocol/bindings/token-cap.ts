import { z } from 'zod';

const periods = ['hour', 'day', 'total'] as const;

/** Tokens of models that one app may use, over all its bindings: read and written, its agents' included. */
export interface TokenCap {
  readonly tokensMax: number;
  /** hours and days of UTC; `total`: for as long as the host's data directory lasts */
  readonly per: (typeof periods)[number];
}

export const DEFAULT_TOKEN_CAP: TokenCap = { tokensMax: 1_000_000, per: 'day' };

export const tokenCapSchema = z
  .strictObject({ max: z.int().min(0).max(Number.MAX_SAFE_INTEGER), per: z.enum(periods).optional() })
  .transform(({ max, per }): TokenCap => ({ tokensMax: max, per: per ?? DEFAULT_TOKEN_CAP.per }));
