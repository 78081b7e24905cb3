/** Keeps what is served in step with the folders on disk and the operator's file. */
import { dirname, resolve } from 'node:path';
import { mapBounded } from '../apps/config/map-bounded.ts';
import { readAppFolder } from '../apps/config/read-app-folder.ts';
import type { AppConfig } from '../protocol/app.ts';
import type { LogEvent } from '../protocol/control.ts';
import { NanosError, toErrorData } from '../protocol/errors.ts';
import { findClashes } from '../apps/config/clashes.ts';
import { appFolderChanges, type FolderChanges } from './app-folder-changes.ts';
import type { AppClaims } from './app-claims.ts';
import type { AppRecord } from './app-record.ts';
import type { AppRegistry } from './app-registry.ts';
import { findApps, operatorApps, type FoundApps, type SourceFailure } from './app-sources.ts';
import type { DeployStore } from './deploy-store.ts';
import type { OperatorConfig } from './operator-config.ts';
import { FolderWatcher } from './watch-folders.ts';

/** Key of the watch on folders of apps: no app's name. */
const ROOTS = '';
/** Each has files open meanwhile. */
const SERVED_AT_ONCE = 64;
/** Folders without an app that are watched because one may be on its way: those that begin so hold few. */
const EMPTY_WATCHED_MAX = 256;

export interface AppFoldersParts {
  readonly folders: readonly string[];
  readonly operator: OperatorConfig;
  readonly registry: AppRegistry;
  readonly claims: AppClaims;
  event(level: LogEvent['level'], event: string, app: string | undefined, fields: Readonly<Record<string, unknown>>): void;
  /** more has changed than folders of apps that came or went: everything is to be read again */
  allChanged(): Promise<unknown>;
}

export class AppFolders {
  readonly #parts: AppFoldersParts;
  readonly #watcher: FolderWatcher;
  /** folders of apps, as last found */
  #roots: readonly string[] = [];
  /** a folder that can't be read is none of theirs */
  #hasUnreadElsewhere = false;
  #isClosed = false;

  constructor(parts: AppFoldersParts) {
    this.#parts = parts;
    this.#watcher = new FolderWatcher(
      (name) => void this.#changed(name),
      (name, error) => parts.event('warn', 'watch_failed', name, { code: error.code, message: error.message }),
    );
  }

  /** All apps as disk and operator say now. */
  async find(store: DeployStore): Promise<FoundApps> {
    const { folders, operator, registry, claims } = this.#parts;
    const found = await findApps({ folders, policy: operator.policy, configFile: operator.file, store });
    registry.setPolicy(found.policy);
    const configs = [...found.folders, ...found.deployed.map(({ config }) => config)];
    return { ...found, clashes: [...found.clashes, ...configs.flatMap((config) => claims.portClash(config) ?? [])] };
  }

  /** Reports a change of an app's own directories. */
  watch(record: AppRecord, directories: ReadonlySet<string>): void {
    if (record.source === 'folder' && !this.#isClosed) this.#watcher.set(record.name, directories);
  }

  /** Folders of apps: one that is added or removed changes what is served. And apps whose configuration can't be read: they have no record yet. */
  watchRoots({ folders, failures }: FoundApps): void {
    const apps = new Set(folders.map(({ folder }) => folder));
    this.#roots = this.#parts.folders.map((folder) => resolve(folder)).filter((root) => !apps.has(root));
    this.#watchRoots(failures, []);
  }

  #watchRoots(failures: readonly SourceFailure[], empty: readonly string[]): void {
    const unread = failures.filter(({ error }) => error.code !== 'folder_missing').map(({ folder }) => folder);
    this.#hasUnreadElsewhere = unread.some((folder) => !this.#roots.includes(dirname(folder)));
    if (!this.#isClosed) this.#watcher.set(ROOTS, new Set([...this.#roots, ...unread, ...empty.slice(0, EMPTY_WATCHED_MAX)]));
  }

  /** Serves folders that came, and no longer those that went; others are not looked at, however many there are. */
  async #rootsChanged(): Promise<void> {
    const { registry, operator, allChanged } = this.#parts;
    const records = registry.records.filter(({ source }) => source === 'folder');
    const known = new Set(records.map(({ config }) => config.path));
    const changes = this.#hasUnreadElsewhere ? undefined : await appFolderChanges(this.#roots, known);
    // what the operator lists stays, and says why it can't be read
    const mayBeListed = changes !== undefined && changes.gone.length > 0 && operator.policy.apps.length > 0;
    if (changes === undefined || mayBeListed) return void (await allChanged());
    this.#watchRoots(changes.failures, changes.empty);
    await this.#applyChanges(changes);
  }

  async #applyChanges({ apps, failures, gone }: FolderChanges): Promise<void> {
    const { registry, claims } = this.#parts;
    const gonePaths = new Set(gone);
    const isGone = ({ source, config }: AppRecord): boolean => source === 'folder' && gonePaths.has(config.path);
    const staying = registry.records.filter((record) => !isGone(record)).map(({ config }) => config);
    const clash = apps.length === 0 ? undefined : (findClashes([...staying, ...apps])[0] ?? apps.map((config) => claims.portClash(config)).find((error) => error !== undefined));
    if (clash !== undefined) throw clash;
    const names = new Set(apps.map(({ name }) => name));
    for (const record of registry.records) if (isGone(record) && !names.has(record.name)) await registry.remove(record.name);
    for (const failure of failures) this.#refuse(failure);
    await mapBounded(apps, SERVED_AT_ONCE, (config) => registry.serve(config, 'folder').catch(() => undefined));
  }

  /** Serves what was found, and nothing else. Rejects with the first clash. */
  async apply(found: FoundApps): Promise<void> {
    const { registry } = this.#parts;
    this.watchRoots(found);
    if (found.clashes[0] !== undefined) throw found.clashes[0];
    await this.#removeGone(found);
    for (const failure of found.failures) this.#refuse(failure);
    const configs = [...found.folders.map((config) => ({ config, source: 'folder' as const })), ...found.deployed.map(({ config }) => ({ config, source: 'deployed' as const }))];
    // the registry notes what fails
    await mapBounded(configs, SERVED_AT_ONCE, ({ config, source }) => registry.serve(config, source).catch(() => undefined));
  }

  async #removeGone(found: FoundApps): Promise<void> {
    const wanted = new Set([...found.folders, ...found.deployed.map(({ config }) => config)].map(({ name }) => name));
    const failed = new Set(found.failures.map(({ folder }) => folder));
    for (const { name, config } of this.#parts.registry.records) {
      if (!wanted.has(name) && !failed.has(config.folder)) await this.#parts.registry.remove(name);
    }
  }

  #refuse(failure: SourceFailure): void {
    const record = this.#parts.registry.records.find(({ config }) => config.folder === failure.folder);
    if (record === undefined) this.noteInvalid(failure);
    else this.#parts.registry.refuse(record.name, failure.error);
  }

  noteInvalid({ folder, error }: SourceFailure): void {
    this.#parts.event('error', 'app_config_invalid', undefined, { message: error.message, folder, code: error.code, position: error.position });
  }

  noteFailure(error: unknown): void {
    const { code, message } = toErrorData(error);
    this.#parts.event('error', 'reload_failed', undefined, { code, message });
  }

  async #changed(name: string): Promise<void> {
    const { registry, claims } = this.#parts;
    if (name === ROOTS) return void this.#rootsChanged().catch((error: unknown) => this.noteFailure(error));
    const record = registry.find(name);
    if (record === undefined) return;
    try {
      const config = await this.#reread(record);
      // of thousands of apps that change at once, each would be held against all others
      if (!claimsSame(config, record.config)) claims.refuseClash(config, record.name);
      await registry.serve(config, 'folder');
      if (config.name !== record.name) await registry.remove(record.name);
    } catch (error) {
      // a failed build has been noted by the registry; here it is a configuration that can't be read
      if (error instanceof NanosError && error !== record.error) registry.refuse(name, error);
    }
  }

  /** The app as its folder, and the operator, say now. */
  async #reread({ name, config: { folder, path } }: AppRecord): Promise<AppConfig> {
    const { operator, registry } = this.#parts;
    const { apps, failures } = await operatorApps(operator.policy, operator.file);
    const failure = failures.find((failed) => failed.folder === folder);
    if (failure !== undefined) throw failure.error;
    const listed = apps.filter((app) => app.folder === folder);
    // the operator may list one folder under several names
    return listed.find((app) => app.name === name) ?? listed.find((app) => registry.find(app.name) === undefined) ?? readAppFolder(path);
  }

  close(): void {
    this.#isClosed = true;
    this.#watcher.close();
  }
}

function claimsSame(one: AppConfig, other: AppConfig): boolean {
  const claims = [one, other].map(({ name, hostnames, port }) => JSON.stringify([name, hostnames, port]));
  return claims[0] === claims[1];
}
