/** Where an app answers, on 127.0.0.1. */
export interface BenchAddress {
  readonly port: number;
  /** of the Host header */
  readonly host: string;
}

export const SERVER_NAMES = ['nanos', 'workerd', 'node'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export interface BenchServer {
  readonly name: ServerName;
  /** root of its process tree */
  readonly pid: number;
  /** from the start of its process until it took requests, in ms */
  readonly readyMs: number;
  address(app: string): BenchAddress;
  stop(): Promise<void>;
}
