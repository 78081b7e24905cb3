/** The control plane's data, and what its HTTP front needs of the host. */
import type { AgentsStatus, RunsControl } from './agent/control.ts';
import type { ScheduledEvent } from './app-call.ts';
import type { ErrorData } from './errors.ts';
import type { ModelService } from './model.ts';

/** What a token may do; `admin` includes the others. */
export type Scope = 'admin' | 'read' | 'inference';

/** The control page's session. Browsers send a cookie to every port of a host, so apps neither see nor set this one. */
export const SESSION_COOKIE = 'nanos_session';

export type AppState = 'building' | 'ready' | 'failed' | 'quarantined';

export interface AppStatus {
  readonly name: string;
  readonly state: AppState;
  /** the version that is served; 0: none yet */
  readonly version: number;
  /** where it comes from: a served folder, or an upload under the data directory */
  readonly source: 'folder' | 'deployed';
  readonly folder: string;
  readonly urls: readonly string[];
  /** versions of a deployed app that a rollback can go to, newest first */
  readonly versions: readonly number[];
  /** why the newest change is not served, or why there is no version at all */
  readonly error: ErrorData | undefined;
  /** isolates now in memory, over all cells */
  readonly residents: number;
  /** numbers of the cells in which it lives now, the first one first */
  readonly cells: readonly number[];
  /** it lives in a cell that only apps share which cost one */
  readonly apart?: true | undefined;
}

export interface LogEvent {
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly app?: string | undefined;
  readonly request_id?: string | undefined;
  readonly message?: string | undefined;
  readonly [field: string]: unknown;
}

export interface LogFilter {
  readonly app?: string | undefined;
}

/** What holds code that has got out of its isolate, besides Node's permission model. */
export interface SecondWallStatus {
  /** whom cells run as */
  readonly user: string;
  /** they can gain no privileges */
  readonly no_new_privs: boolean;
  /** a filter of system calls binds them: that of the container or service that nanos runs in */
  readonly seccomp: boolean;
  /** what is not to be had, and how to get it */
  readonly missing: readonly string[];
}

export interface HostStatus {
  readonly version: string;
  readonly started_at: string;
  /** how many are in each state */
  readonly apps: Readonly<Record<AppState, number>>;
  /** processes of apps that serve */
  readonly cells: number;
  readonly second_wall: SecondWallStatus;
  readonly agents: AgentsStatus;
  /** of the supervisor alone */
  readonly memory_bytes: number;
}

/** Implemented by the supervisor; the HTTP front sees only this. */
export interface HostControl {
  /** every app serves or has failed for good, and at least one cell answers */
  isReady(): boolean;
  apps(): Promise<AppStatus[]>;
  app(name: string): Promise<AppStatus>;
  /**
   * Builds the app in `folder` (already unpacked, below the data directory), swaps it in and keeps the folder as a version. Throws NanosError; the old
   * version then still serves. `name`: what the uploader calls the app, whatever its folder says.
   */
  deploy(folder: string, name: string | undefined): Promise<AppStatus>;
  /** To `version`, or to the one before the current. */
  rollback(name: string, version: number | undefined): Promise<AppStatus>;
  /** Only deployed apps; a served folder is `forbidden`. */
  undeploy(name: string): Promise<void>;
  /** Runs the app's handler of scheduled events now. Throws what a client would be told. */
  trigger(name: string, event: ScheduledEvent): Promise<void>;
  /** Reads all configuration and folders again. */
  reload(): Promise<AppStatus[]>;
  /** The last events that match, oldest first. */
  recentLogs(filter: LogFilter, count: number): LogEvent[];
  /** Returns the function that ends the subscription. */
  followLogs(filter: LogFilter, listener: (event: LogEvent) => void): () => void;
  /** Prometheus' text format. */
  metrics(): Promise<string>;
  /** what the inference endpoints serve */
  readonly models: ModelService;
  hostStatus(): Promise<HostStatus>;
  readonly runs: RunsControl;
}
