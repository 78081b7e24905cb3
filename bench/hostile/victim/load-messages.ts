/** What the scoreboard and the victim's load say to each other. */

export interface VictimTarget {
  readonly port: number;
  /** of the Host header */
  readonly host: string;
}

export type ToLoad = { readonly type: 'start'; readonly target: VictimTarget } | { readonly type: 'read' };

/** Of the requests that ended since the figures were read last. */
export interface VictimFigures {
  readonly requests: number;
  /** why each failed that did */
  readonly failures: readonly string[];
  /** kept connections that were closed while a request was on its way, which was sent again, as HTTP clients do */
  readonly retried: number;
  /** how many were under way whenever connections were cut */
  readonly inFlightAtCuts: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
}
