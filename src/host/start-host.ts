/** The supervisor: composes registry, builder, cells, log and control plane, and keeps them in step. Runs no tenant code. */
import type { Server } from 'node:http';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findClashes } from '../apps/config/clashes.ts';
import { readAppFolder } from '../apps/config/read-app-folder.ts';
import { readOperatorFile } from '../apps/config/read-operator-file.ts';
import type { AppConfig } from '../protocol/app.ts';
import type { CellLogLine } from '../protocol/cell-messages.ts';
import type { AppStatus, HostControl, HostStatus, LogEvent, LogFilter } from '../protocol/control.ts';
import type { RunsControl } from '../protocol/agent/control.ts';
import type { AgentLogLine } from '../protocol/agent/messages.ts';
import { NanosError, toErrorData } from '../protocol/errors.ts';
import { defaultOperatorPolicy, type OperatorPolicy } from '../protocol/operator.ts';
import type { RunningHost, ServeOptions } from '../protocol/serve-options.ts';
import { createControlServer } from '../server/control/create-control-server.ts';
import { SessionStore } from '../server/control/session-store.ts';
import { TokenStore } from '../server/control/token-store.ts';
import { ModelDesk } from './agent-model-desk.ts';
import { AgentsClient } from './agents-client.ts';
import { agentsInit } from './agents-init.ts';
import { AppRegistry } from './app-registry.ts';
import { statusOf, type AppRecord } from './app-record.ts';
import { findApps, operatorApps, type FoundApps } from './app-sources.ts';
import { Builder } from './builder-client.ts';
import { Cells } from './cells.ts';
import { openDataDir, type DataDir } from './data-dir.ts';
import { DeployStore } from './deploy-store.ts';
import { hostStatus } from './host-status.ts';
import { listenOn, usablePort } from './listen-on.ts';
import { LogHub } from './log-hub.ts';
import { openLogOutput, type LogOutput } from './log-output.ts';
import { mergeMetrics } from './merge-metrics.ts';
import { Models } from './models.ts';
import { settleOptions, type SettledOptions } from './settle-options.ts';
import { FolderWatcher } from './watch-folders.ts';

const DEFAULT_CONFIG_FILE = 'nanos.yaml';
/** Apps whose earlier build is looked up at once, at start. */
const REUSE_AT_ONCE = 32;
const PRUNE_MS = 3_600_000;
/** Key of the watch on folders of apps: no app's name. */
const ROOTS = '';

/**
 * Starts a host; its log goes to `output`, and until it is ready also to `onStartEvent`. Rejects, leaving nothing behind, when a port, the data directory or the configuration forbids it, or when
 * no app at all can be served.
 */
export async function startHost(
  options: ServeOptions,
  onStartEvent: (event: LogEvent) => void = () => undefined,
  output: LogOutput = openLogOutput({ fileDescriptor: 1 }),
): Promise<RunningHost> {
  const configFile = await existingConfig(options.configFile);
  const policy = await readPolicy(configFile);
  const settled = settleOptions(options, policy);
  const dataDir = await openDataDir(settled.dataDir);
  const host = new Host({ options: settled, configFile, policy, dataDir, log: new LogHub(output), output, onStartEvent });
  try {
    return await host.start();
  } catch (error) {
    await host.close();
    throw error;
  }
}

async function existingConfig(given: string | undefined): Promise<string | undefined> {
  if (given !== undefined) return resolve(given);
  const isThere = await stat(DEFAULT_CONFIG_FILE).then(
    (stats) => stats.isFile(),
    () => false,
  );
  return isThere ? resolve(DEFAULT_CONFIG_FILE) : undefined;
}

async function readPolicy(configFile: string | undefined): Promise<OperatorPolicy> {
  return configFile === undefined ? defaultOperatorPolicy() : readOperatorFile(configFile);
}

interface HostParts {
  readonly options: SettledOptions;
  readonly configFile: string | undefined;
  /** as it was at the start */
  readonly policy: OperatorPolicy;
  readonly dataDir: DataDir;
  readonly log: LogHub;
  readonly output: LogOutput;
  readonly onStartEvent: (event: LogEvent) => void;
}

class Host {
  readonly #parts: HostParts;
  #policy: OperatorPolicy;
  readonly #registry: AppRegistry;
  readonly #builder: Builder;
  readonly models: Models;
  readonly #watcher: FolderWatcher;
  readonly #sessions = new SessionStore();
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #tokens: TokenStore | undefined;
  #store: DeployStore | undefined;
  #cells: Cells | undefined;
  #agents: AgentsClient | undefined;
  #control: Server | undefined;
  #appsPort = 0;
  #controlPort = 0;
  #pruning: NodeJS.Timeout | undefined;
  #ready = false;
  #closing: Promise<void> | undefined;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#policy = parts.policy;
    this.#builder = new Builder({ dataDir: parts.dataDir.path });
    this.models = new Models(parts.dataDir.path);
    this.#ended = new Promise((resolveEnd) => (this.#end = resolveEnd));
    this.#watcher = new FolderWatcher(
      (name) => void this.#folderChanged(name),
      (name, error) => this.#event('warn', 'watch_failed', name, { code: error.code, message: error.message }),
    );
    this.#registry = new AppRegistry(parts.policy, {
      builder: this.#builder,
      dev: parts.options.dev,
      event: (level, event, app, fields) => this.#event(level, event, app, fields),
      watch: (record, directories) => this.#watch(record, directories),
    });
  }

  async start(): Promise<RunningHost> {
    const { options } = this.#parts;
    this.#appsPort = await usablePort(options.host, options.appsPort);
    this.#tokens = await TokenStore.open(this.#parts.dataDir.path);
    this.#hideSecrets();
    this.#store = await DeployStore.open(this.#parts.dataDir);
    this.#controlPort = options.controlPort;
    const found = await this.#find();
    refuseHopeless(options, found);
    for (const { folder, error } of found.failures) this.#event('error', 'app_config_invalid', undefined, { message: error.message, folder, code: error.code, position: error.position });
    this.#agents = await this.#startAgents();
    this.#controlPort = await this.#startControl(options.controlPort);
    const unbuilt = await this.#admitBuilt(found);
    await this.#startCells();
    await this.#buildRest(unbuilt, found);
    this.#watchRoots(found);
    this.#prune();
    this.#ready = true;
    const controlUrl = `http://${urlHost(options.host)}:${this.#controlPort}/`;
    const appsUrl = `http://${urlHost(options.host)}:${this.#appsPort}/`;
    this.#event('info', 'host_ready', undefined, { apps: this.#registry.records.length, cells: this.#cells?.serving, pid: process.pid, control_url: controlUrl, apps_url: appsUrl });
    return {
      controlUrl,
      appsUrl,
      loginUrl: options.auth ? `${controlUrl}login?token=${this.#sessions.issueLoginToken()}` : controlUrl,
      dataDir: this.#parts.dataDir.path,
      close: () => this.close(),
      closed: this.#ended,
    };
  }

  // Start

  /** The operator's own secrets: what an app gets of them may be a part of a longer text, and is then known as a whole only. */
  #hideSecrets(): void {
    this.#parts.log.hide([...Object.values(this.#tokens?.tokens ?? {}), ...this.#namedSecrets()]);
  }

  #namedSecrets(): string[] {
    return this.#policy.secretNames.flatMap((name) => process.env[name] ?? []);
  }

  async #find(): Promise<FoundApps> {
    const { options, configFile } = this.#parts;
    const found = await findApps({ folders: options.folders, policy: this.#policy, configFile, store: this.#store! });
    this.#registry.setPolicy(found.policy);
    const configs = [...found.folders, ...found.deployed.map(({ config }) => config)];
    return { ...found, clashes: [...found.clashes, ...configs.flatMap((config) => this.#portClash(config) ?? [])] };
  }

  /** Enters what needs no build; returns the rest. */
  async #admitBuilt(found: FoundApps): Promise<AppConfig[]> {
    await this.#builder.apiSnapshot();
    const all = [...found.folders.map((config) => ({ config, app: undefined })), ...found.deployed];
    const unbuilt: AppConfig[] = [];
    const admitNext = async (): Promise<void> => {
      for (let next = all.shift(); next !== undefined; next = all.shift()) {
        const isBuilt = await this.#registry.admitBuilt(next.config, next.app === undefined ? 'folder' : 'deployed');
        if (!isBuilt) unbuilt.push(next.config);
        if (next.app !== undefined) this.#noteVersions(next.config.name, next.app.current.version, next.app.versions);
      }
    };
    await Promise.all(Array.from({ length: REUSE_AT_ONCE }, admitNext));
    return unbuilt;
  }

  #noteVersions(name: string, version: number, versions: readonly number[]): void {
    const record = this.#registry.find(name);
    if (record === undefined) return;
    record.version = version;
    record.versions = versions;
  }

  async #startCells(): Promise<void> {
    const { options, dataDir } = this.#parts;
    const apiSnapshot = await this.#builder.apiSnapshot();
    const cells = new Cells({
      count: options.cells,
      readable: join(dataDir.path, 'artefacts'),
      graceMs: options.graceMs,
      init: () => ({ host: options.host, appsPort: this.#appsPort, apiSnapshot, deployments: this.#registry.deployments, refusals: this.#registry.refusals, quarantined: this.#registry.quarantined, slots: 0 }),
      log: (lines) => this.#childLog(lines),
      catastrophe: (app, message) => {
        this.#event('error', 'catastrophe', app, { message });
        void this.#registry.strike(app);
      },
      artefactCorrupt: (app, version) => void this.#registry.rebuild(app, version),
    });
    this.#cells = cells;
    this.#registry.connect(cells);
    await cells.start();
  }

  /** Starts no process yet, unless there are runs to go on with. */
  async #startAgents(): Promise<AgentsClient> {
    const init = await agentsInit(this.#parts);
    const models = new ModelDesk({ models: this.models, egress: init.egress, folder: init.folder, secretNames: () => this.#policy.secretNames, environment: process.env });
    const agents = new AgentsClient({ init, secrets: () => this.#namedSecrets(), models, log: (lines) => this.#childLog(lines) });
    await agents.start();
    return agents;
  }

  async #buildRest(unbuilt: readonly AppConfig[], found: FoundApps): Promise<void> {
    const deployed = new Set(found.deployed.map(({ config }) => config.name));
    const builds = unbuilt.map((config) => this.#registry.serve(config, deployed.has(config.name) ? 'deployed' : 'folder'));
    const failure = (await Promise.allSettled(builds)).find((result) => result.status === 'rejected');
    const nothingServed = this.#registry.deployments.length === 0;
    if (nothingServed && failure !== undefined && !this.#parts.options.dev) throw failure.reason;
  }

  /** Built apps that nobody serves any more go, now and every hour. */
  #prune(): void {
    const keys = new Set(this.#registry.deployments.map(({ artefact }) => artefact.key));
    this.#builder.prune(keys).catch((error: unknown) => this.#noteFailure(error));
    this.#pruning = setTimeout(() => this.#prune(), PRUNE_MS).unref();
  }

  /** Folders of apps: one that is added or removed changes what is served. And apps whose configuration can't be read: they have no record yet. */
  #watchRoots({ folders, failures }: FoundApps): void {
    const apps = new Set(folders.map(({ folder }) => folder));
    const roots = this.#parts.options.folders.map((folder) => resolve(folder)).filter((root) => !apps.has(root));
    const unread = failures.filter(({ error }) => error.code !== 'folder_missing').map(({ folder }) => folder);
    this.#watcher.set(ROOTS, new Set([...roots, ...unread]));
  }

  async #startControl(port: number): Promise<number> {
    const { options, policy, dataDir } = this.#parts;
    const allowedHosts = [options.host, ...policy.allowedHosts];
    const onError = (error: unknown, requestId: string): void =>
      this.#event('error', 'control_error', undefined, { request_id: requestId, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    const control = createControlServer(bound(this), { tokens: this.#tokens!, sessions: this.#sessions, allowedHosts, auth: options.auth, dataDir: dataDir.path, onError });
    this.#control = control;
    return listenOn(control, options.host, port);
  }

  // Changes

  #watch(record: AppRecord, directories: ReadonlySet<string>): void {
    if (record.source === 'folder' && !this.#closing) this.#watcher.set(record.name, directories);
  }

  async #folderChanged(name: string): Promise<void> {
    if (name === ROOTS) return void this.reload().catch((error: unknown) => this.#noteFailure(error));
    const record = this.#registry.find(name);
    if (record === undefined) return;
    try {
      const config = await this.#reread(record);
      this.#refuseClash(config, record.name);
      await this.#registry.serve(config, 'folder');
      if (config.name !== record.name) await this.#registry.remove(record.name);
    } catch (error) {
      // a failed build has been noted by the registry; here it is a configuration that can't be read
      if (error instanceof NanosError && error !== record.error) this.#registry.refuse(name, error);
    }
  }

  /** The app as its folder, and the operator, say now. */
  async #reread({ name, config: { folder, path } }: AppRecord): Promise<AppConfig> {
    const { apps, failures } = await operatorApps(this.#policy, this.#parts.configFile);
    const failure = failures.find((failed) => failed.folder === folder);
    if (failure !== undefined) throw failure.error;
    const listed = apps.filter((app) => app.folder === folder);
    // the operator may list one folder under several names
    return listed.find((app) => app.name === name) ?? listed.find((app) => this.#registry.find(app.name) === undefined) ?? readAppFolder(path);
  }

  #noteFailure(error: unknown): void {
    const { code, message } = toErrorData(error);
    this.#event('error', 'reload_failed', undefined, { code, message });
  }

  /** Reads the operator's file and all folders again. Address, ports and cells stay as they were at the start. */
  async reload(): Promise<AppStatus[]> {
    this.#policy = await readPolicy(this.#parts.configFile);
    this.#hideSecrets();
    const found = await this.#find();
    this.#watchRoots(found);
    this.#prune();
    if (found.clashes[0] !== undefined) throw found.clashes[0];
    const wanted = new Set([...found.folders, ...found.deployed.map(({ config }) => config)].map(({ name }) => name));
    const failed = new Set(found.failures.map(({ folder }) => folder));
    for (const { name, config } of this.#registry.records) if (!wanted.has(name) && !failed.has(config.folder)) await this.#registry.remove(name);
    for (const { folder, error } of found.failures) {
      const record = this.#registry.records.find(({ config }) => config.folder === folder);
      if (record === undefined) this.#event('error', 'app_config_invalid', undefined, { message: error.message, folder, code: error.code, position: error.position });
      else this.#registry.refuse(record.name, error);
    }
    const configs = [...found.folders.map((config) => ({ config, source: 'folder' as const })), ...found.deployed.map(({ config }) => ({ config, source: 'deployed' as const }))];
    await Promise.allSettled(configs.map(({ config, source }) => this.#registry.serve(config, source)));
    return this.apps();
  }

  // Uploads

  async deploy(folder: string, name: string | undefined): Promise<AppStatus> {
    const uploaded = await readAppFolder(folder, { name, confined: true });
    const { name: appName } = uploaded;
    if (this.#registry.find(appName)?.source === 'folder') throw new NanosError('app_clash', `${appName} is served from a folder of this host; give the upload another name`);
    this.#refuseClash(uploaded, appName);
    const added = await this.#store!.add(appName, folder);
    try {
      await this.#registry.serve(await readAppFolder(added.folder, { name: appName, confined: true }), 'deployed');
    } catch (error) {
      await this.#store!.discard(appName, added.version);
      if (this.#registry.find(appName)?.deployment === undefined) await this.#registry.remove(appName);
      throw error;
    }
    await this.#store!.activate(appName, added.version);
    return this.#afterDeploy(appName, added.version);
  }

  /** A port of its own would get an app every request to the host's. */
  #portClash({ name, folder, port }: AppConfig): NanosError | undefined {
    if (port === undefined || (port !== this.#appsPort && port !== this.#controlPort)) return undefined;
    return new NanosError('app_clash', `${name} in ${folder} asks for port ${port}, which is the host's own`);
  }

  /** `instead`: the name of the app whose place it takes. */
  #refuseClash(config: AppConfig, instead: string): void {
    const others = this.#registry.records.filter(({ name }) => name !== instead).map((record) => record.config);
    const [clash] = findClashes([...others, config]);
    if (clash !== undefined) throw clash;
    const taken = this.#portClash(config);
    if (taken !== undefined) throw taken;
  }

  async rollback(name: string, version: number | undefined): Promise<AppStatus> {
    const app = await this.#deployed(name);
    const target = version ?? app.versions.find((candidate) => candidate < app.current.version);
    if (target === undefined) throw new NanosError('not_found', `${name} has no version before ${app.current.version}`);
    const { folder } = await this.#store!.activate(name, target);
    try {
      await this.#registry.serve(await readAppFolder(folder, { name, confined: true }), 'deployed');
    } catch (error) {
      await this.#store!.activate(name, app.current.version);
      throw error;
    }
    return this.#afterDeploy(name, target);
  }

  async #afterDeploy(name: string, version: number): Promise<AppStatus> {
    const app = await this.#store!.get(name);
    this.#noteVersions(name, version, app?.versions ?? []);
    return this.app(name);
  }

  async undeploy(name: string): Promise<void> {
    await this.#deployed(name);
    await this.#registry.remove(name);
    await this.#store!.remove(name);
  }

  async #deployed(name: string): Promise<NonNullable<Awaited<ReturnType<DeployStore['get']>>>> {
    if (this.#registry.find(name)?.source === 'folder') throw new NanosError('forbidden', `${name} is served from a folder: change or remove the folder instead`);
    const app = await this.#store!.get(name);
    if (app === undefined) throw new NanosError('not_found', `There is no deployed app ${name}`);
    return app;
  }

  // What the control plane asks

  isReady(): boolean {
    return this.#ready && this.#closing === undefined && (this.#cells?.serving ?? 0) > 0;
  }

  async apps(): Promise<AppStatus[]> {
    const residents = new Map<string, number>();
    for (const stats of (await this.#cells?.stats()) ?? []) {
      for (const name of stats.residents) residents.set(name, (residents.get(name) ?? 0) + 1);
    }
    const records = this.#registry.records.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return records.map((record) => this.#statusOf(record, residents.get(record.name) ?? 0));
  }

  async app(name: string): Promise<AppStatus> {
    const found = (await this.apps()).find((app) => app.name === name);
    if (found === undefined) throw new NanosError('not_found', `There is no app ${name}`);
    return found;
  }

  #statusOf(record: AppRecord, residents: number): AppStatus {
    return statusOf(record, { host: this.#parts.options.host, appsPort: this.#appsPort, residents });
  }

  recentLogs(filter: LogFilter, count: number): LogEvent[] {
    return this.#parts.log.recent(filter, count);
  }

  followLogs(filter: LogFilter, listener: (event: LogEvent) => void): () => void {
    return this.#parts.log.follow(filter, listener);
  }

  async metrics(): Promise<string> {
    const stats = (await this.#cells?.stats()) ?? [];
    return mergeMetrics(stats.map(({ metrics }) => metrics), await this.#agents?.metrics(), this.#registry.records);
  }

  hostStatus(): Promise<HostStatus> {
    return hostStatus(this.#registry.records, this.#cells?.serving ?? 0, this.#agents!);
  }

  get runs(): RunsControl {
    return this.#agents!.runs;
  }

  // Log

  #event(level: LogEvent['level'], event: string, app: string | undefined, fields: Readonly<Record<string, unknown>>): void {
    const entry: LogEvent = { time: new Date().toISOString(), level, event, ...(app === undefined ? {} : { app }), ...fields };
    this.#parts.log.write(entry);
    if (!this.#ready) this.#parts.onStartEvent(entry);
  }

  #childLog(lines: readonly (CellLogLine | AgentLogLine)[]): void {
    const time = new Date().toISOString();
    for (const { fields, ...line } of lines) this.#parts.log.write({ time, ...line, ...fields });
  }

  /** Stops accepting, finishes what is in flight within the grace, flushes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#event('info', 'host_closing', undefined, {});
    this.#watcher.close();
    clearTimeout(this.#pruning);
    await Promise.all([this.#cells?.close(), this.#builder.close(), this.#agents?.close(), this.models.close()]);
    if (this.#control !== undefined) await closeServer(this.#control);
    this.#event('info', 'host_closed', undefined, {});
    await this.#parts.dataDir.close();
    await this.#parts.output.flush();
    this.#end();
  }
}

function refuseHopeless(options: SettledOptions, { folders, deployed, failures, clashes }: FoundApps): void {
  if (clashes[0] !== undefined) throw clashes[0];
  if (folders.length + deployed.length === 0 && failures[0] !== undefined && !options.dev) throw failures[0].error;
}

/** Methods as the control plane's front takes them, apart from this object. */
function bound(host: Host): HostControl {
  return {
    deploy: (folder, name) => host.deploy(folder, name),
    isReady: () => host.isReady(),
    apps: () => host.apps(),
    app: (name) => host.app(name),
    rollback: (name, version) => host.rollback(name, version),
    undeploy: (name) => host.undeploy(name),
    reload: () => host.reload(),
    recentLogs: (filter, count) => host.recentLogs(filter, count),
    followLogs: (filter, listener) => host.followLogs(filter, listener),
    metrics: () => host.metrics(),
    models: host.models,
    hostStatus: () => host.hostStatus(),
    runs: host.runs,
  };
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
