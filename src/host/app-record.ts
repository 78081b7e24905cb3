import type { AppConfig, AppDeployment } from '../protocol/app.ts';
import type { AppState, AppStatus } from '../protocol/control.ts';
import { toErrorData, type NanosError } from '../protocol/errors.ts';

/** One app as the supervisor knows it. */
export interface AppRecord {
  readonly name: string;
  readonly source: 'folder' | 'deployed';
  config: AppConfig;
  state: AppState;
  /** what the cells serve */
  deployment: AppDeployment | undefined;
  error: NanosError | undefined;
  /** shown to people: the upload's number, or for a folder how often it was swapped */
  version: number;
  /** versions kept for a rollback, newest first; deployed apps only */
  versions: readonly number[];
  /** consecutive cells lost to it, and until when it is held back (process clock, ms) */
  strikes: number;
  quarantinedUntilMs: number;
}

export function newRecord(config: AppConfig, source: AppRecord['source']): AppRecord {
  return { name: config.name, source, config, state: 'building', deployment: undefined, error: undefined, version: 0, versions: [], strikes: 0, quarantinedUntilMs: 0 };
}

/** What of an app's status is not its record's. */
export interface AppSurroundings {
  readonly host: string;
  readonly appsPort: number;
  readonly residents: number;
  readonly cells: readonly number[];
  readonly isApart: boolean;
}

export function statusOf(record: AppRecord, { host, appsPort, residents, cells, isApart }: AppSurroundings): AppStatus {
  const { name, source, config, version, error, versions } = record;
  const quarantined = record.quarantinedUntilMs > performance.now();
  return {
    name,
    state: quarantined ? 'quarantined' : record.state,
    version,
    source,
    folder: config.folder,
    urls: urlsOf(config, host, appsPort),
    versions,
    error: error === undefined ? undefined : toErrorData(error),
    residents,
    cells,
    ...(isApart ? { apart: true } : {}),
  };
}

/** Addresses that work as they stand: browsers and curl resolve every name below localhost to this machine. */
function urlsOf({ name, hostnames, port }: AppConfig, host: string, appsPort: number): string[] {
  const own = port === undefined ? [] : [`http://${host.includes(':') ? `[${host}]` : host}:${port}/`];
  return [`http://${name}.localhost:${appsPort}/`, ...own, ...hostnames.map((hostname) => `http://${hostname}:${appsPort}/`)];
}
