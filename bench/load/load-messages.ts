/** What the bench and its load generator say to each other. */

export interface LoadTarget {
  readonly port: number;
  /** of the Host header */
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string;
}

export interface LoadOrder extends LoadTarget {
  /** of Host headers that take turns with the first one; their bodies need not be of one length */
  readonly moreHosts?: readonly string[];
  readonly connections: number;
  /** load before the counting starts */
  readonly rampMs: number;
  readonly measuredMs: number;
}

export type FromGenerator =
  | { readonly type: 'started' }
  /** `requests`: body bytes received ÷ bytes of one body, so that long responses count by their parts, or with `moreHosts` the answers; `failures`: answers other than 200 */
  | { readonly type: 'done'; readonly requests: number; readonly failures: number; readonly measuredMs: number }
  | { readonly type: 'failed'; readonly message: string };
