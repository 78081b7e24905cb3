/** What `nanos serve` was asked to do, after the command line was read. */
export interface ServeOptions {
  /** app folders, or folders of them, as given */
  readonly folders: readonly string[];
  /** operator's file; undefined: `nanos.yaml` in the current folder when it exists */
  readonly configFile: string | undefined;
  /** this and what may be undefined below: as the operator's file says, else 127.0.0.1 */
  readonly host: string | undefined;
  /** else 8080 and 3000; 0: any free port */
  readonly controlPort: number | undefined;
  readonly appsPort: number | undefined;
  /** else 1 */
  readonly cells: number | undefined;
  /** else `.nanos` */
  readonly dataDir: string | undefined;
  /** manifests below it can be run; undefined: as the operator's file says, else none can */
  readonly agentsFolder: string | undefined;
  readonly dev: boolean;
  readonly auth: boolean;
  /** on SIGTERM, in-flight requests get this long; else 10 s */
  readonly graceMs: number | undefined;
  /** gives up a host that is still starting; one that has started is closed */
  readonly stop?: AbortSignal | undefined;
}

/** What a started host says of itself. */
export interface RunningHost {
  readonly controlUrl: string;
  readonly appsUrl: string;
  /** control page with its one-time token */
  readonly loginUrl: string;
  /** absolute */
  readonly dataDir: string;
  /** Stops accepting, finishes what is in flight within the grace, flushes. */
  close(): Promise<void>;
  /** Resolves when the host has ended by itself or by {@link close}. */
  readonly closed: Promise<void>;
}
