/** Where nanos and workerd differ on purpose. The same reasons stand in docs/workers-api.md. */
import type { Program } from './programs.ts';

export interface KnownDifference {
  readonly reason: string;
  /** of what was asked, and what both told of one step */
  matches(difference: Difference): boolean;
}

export interface Difference {
  readonly kind: string;
  readonly program: Program;
  readonly step: number;
  readonly nanos: unknown;
  readonly workerd: unknown;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [];
