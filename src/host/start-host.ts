/** The supervisor: composes registry, builder, cells, log and control plane, and keeps them in step. Runs no tenant code. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { mapBounded } from '../apps/config/map-bounded.ts';
import type { AppConfig } from '../protocol/app.ts';
import type { ScheduledEvent } from '../protocol/app-call.ts';
import type { CellLogLine } from '../protocol/cell-messages.ts';
import type { AppStatus, HostControl, HostStatus, LogEvent, LogFilter } from '../protocol/control.ts';
import type { RunsControl } from '../protocol/agent/control.ts';
import type { AgentLogLine } from '../protocol/agent/messages.ts';
import { NanosError } from '../protocol/errors.ts';
import type { RunningHost, ServeOptions } from '../protocol/serve-options.ts';
import { createControlServer } from '../server/control/create-control-server.ts';
import { SessionStore } from '../server/control/session-store.ts';
import { TokenStore } from '../server/control/token-store.ts';
import { ModelDesk } from './agent-model-desk.ts';
import { removeHalfWritten } from '../util/atomic-file.ts';
import { AgentsClient } from './agents-client.ts';
import { agentsInit } from './agents-init.ts';
import { AppBindings } from './app-bindings.ts';
import { AppClaims } from './app-claims.ts';
import { AppFolders } from './app-folders.ts';
import { statusOf, type AppRecord } from './app-record.ts';
import { AppRegistry } from './app-registry.ts';
import type { FoundApps } from './app-sources.ts';
import { AppUploads } from './app-uploads.ts';
import { Builder } from './builder-client.ts';
import { mappingsMax, memoryByMappings, residentsCeiling } from './cell-residents-ceiling.ts';
import { Cells } from './cells.ts';
import { openDataDir, type DataDir } from './data-dir.ts';
import { CronTriggers } from './cron-triggers.ts';
import { DeployStore } from './deploy-store.ts';
import type { HostComposition } from './host-composition.ts';
import { hostStatus } from './host-status.ts';
import { listenOn, usablePort } from './listen-on.ts';
import { LogHub } from './log-hub.ts';
import { openLogOutput, type LogOutput } from './log-output.ts';
import { mergeMetrics } from './merge-metrics.ts';
import { Models } from './models.ts';
import { OperatorConfig } from './operator-config.ts';
import { openSecondWall, type SecondWall } from './second-wall.ts';
import { settleOptions, type SettledOptions } from './settle-options.ts';

/** Apps whose earlier build is looked up at once, at start. */
const REUSE_AT_ONCE = 32;
/** Apps asked of the builder at once, which bounds them further: each has files open meanwhile. */
const BUILDS_AT_ONCE = 64;
const PRUNE_MS = 3_600_000;

/**
 * Starts a host; its log goes to `output`, and until it is ready also to `onStartEvent`. Rejects, leaving nothing behind, when a port, the data directory or the configuration forbids it, when
 * no app at all can be served, or with `internal` when `options.stop` is aborted first.
 */
export async function startHost(
  options: ServeOptions,
  onStartEvent: (event: LogEvent) => void = () => undefined,
  output: LogOutput = openLogOutput({ fileDescriptor: 1 }),
  composition: HostComposition = {},
): Promise<RunningHost> {
  const operator = await OperatorConfig.open(options.configFile);
  const settled = settleOptions(options, operator.policy);
  const dataDir = await openDataDir(settled.dataDir);
  const wall = await openWall(operator, dataDir);
  const host = new Host({ options: settled, operator, dataDir, wall, log: new LogHub(output), output, onStartEvent, composition });
  const giveUp = (): void => host.giveUp();
  options.stop?.addEventListener('abort', giveUp);
  if (options.stop?.aborted === true) host.giveUp();
  try {
    return await host.start();
  } catch (error) {
    await host.close();
    throw error;
  } finally {
    options.stop?.removeEventListener('abort', giveUp);
  }
}

async function openWall(operator: OperatorConfig, dataDir: DataDir): Promise<SecondWall> {
  try {
    return openSecondWall(operator.policy.secondWall, dataDir.path);
  } catch (error) {
    await dataDir.close();
    throw error;
  }
}

interface HostParts {
  readonly options: SettledOptions;
  readonly operator: OperatorConfig;
  readonly dataDir: DataDir;
  readonly wall: SecondWall;
  readonly log: LogHub;
  readonly output: LogOutput;
  readonly onStartEvent: (event: LogEvent) => void;
  readonly composition: HostComposition;
}

class Host {
  readonly #parts: HostParts;
  readonly #registry: AppRegistry;
  readonly #builder: Builder;
  readonly models: Models;
  readonly #claims: AppClaims;
  readonly #folders: AppFolders;
  readonly #sessions = new SessionStore();
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  readonly #triggers: CronTriggers;
  #tokens: TokenStore | undefined;
  #store: DeployStore | undefined;
  #uploads: AppUploads | undefined;
  #cells: Cells | undefined;
  #agents: AgentsClient | undefined;
  #bindings: AppBindings | undefined;
  #control: Server | undefined;
  #appsPort = 0;
  #controlPort = 0;
  #pruning: NodeJS.Timeout | undefined;
  #ready = false;
  /** aborted: the start is to end */
  readonly #stop = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#builder = new Builder({ dataDir: parts.dataDir.path, wall: parts.wall, flags: parts.composition.builderFlags ?? [] });
    this.models = new Models(parts.dataDir.path, parts.operator.policy.models);
    this.#ended = new Promise((resolveEnd) => (this.#end = resolveEnd));
    this.#registry = new AppRegistry(parts.operator.policy, {
      builder: this.#builder,
      dev: parts.options.dev,
      // what can't be built because the host stops is no app's failure
      event: (level, event, app, fields) => level === 'error' && this.#stop.signal.aborted ? undefined : this.#event(level, event, app, fields),
      watch: (record, directories) => this.#folders.watch(record, directories),
    });
    this.#claims = new AppClaims(this.#registry, () => [this.#appsPort, this.#controlPort]);
    this.#triggers = new CronTriggers({
      records: () => this.#registry.records,
      run: (app, event) => this.#cells!.scheduled(app, event),
      event: (level, event, app, fields) => this.#event(level, event, app, fields),
    });
    this.#folders = new AppFolders({
      folders: parts.options.folders,
      operator: parts.operator,
      registry: this.#registry,
      claims: this.#claims,
      event: (level, event, app, fields) => this.#event(level, event, app, fields),
      allChanged: () => this.reload(),
    });
  }

  /** Ends a start that is under way: it rejects as soon as nothing is left half done. */
  giveUp(): void {
    this.#stop.abort(new NanosError('internal', 'The host was stopped while it started'));
    // builds may take long, and whoever waits for one is told
    void this.#builder.close();
  }

  async start(): Promise<RunningHost> {
    const { options } = this.#parts;
    const { signal } = this.#stop;
    const { status } = this.#parts.wall;
    this.#event(status.user === 'root' ? 'warn' : 'info', 'second_wall', undefined, { ...status, ...(status.user === 'root' ? { message: status.missing.join('; ') } : {}) });
    this.#appsPort = await usablePort(options.host, options.appsPort);
    this.#tokens = await TokenStore.open(this.#parts.dataDir.path);
    this.#hideSecrets();
    this.#store = await DeployStore.open(this.#parts.dataDir);
    this.#uploads = new AppUploads(this.#registry, this.#claims, this.#store);
    this.#controlPort = options.controlPort;
    const found = await orAbort(this.#folders.find(this.#store), signal);
    refuseHopeless(options, found);
    for (const failure of found.failures) this.#folders.noteInvalid(failure);
    this.#agents = await this.#startAgents();
    this.#bindings = await this.#openBindings();
    this.#controlPort = await this.#startControl(options.controlPort);
    const unbuilt = await this.#admitBuilt(found);
    await orAbort(this.#startCells(), signal);
    await this.#buildRest(unbuilt, found);
    signal.throwIfAborted();
    this.#folders.watchRoots(found);
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
    this.#parts.log.hide([...Object.values(this.#tokens?.tokens ?? {}), ...this.#parts.operator.secrets()]);
  }

  /** Enters what needs no build; returns the rest. */
  async #admitBuilt(found: FoundApps): Promise<AppConfig[]> {
    await this.#builder.apiSnapshot();
    const all = [...found.folders.map((config) => ({ config, app: undefined })), ...found.deployed];
    const unbuilt: AppConfig[] = [];
    const admitNext = async (): Promise<void> => {
      for (let next = all.shift(); next !== undefined; next = all.shift()) {
        this.#stop.signal.throwIfAborted();
        const isBuilt = await this.#registry.admitBuilt(next.config, next.app === undefined ? 'folder' : 'deployed');
        if (!isBuilt) unbuilt.push(next.config);
        if (next.app !== undefined) this.#uploads?.noteVersions(next.config.name, next.app.current.version, next.app.versions);
      }
    };
    await Promise.all(Array.from({ length: REUSE_AT_ONCE }, admitNext));
    return unbuilt;
  }

  async #startCells(): Promise<void> {
    const { options, dataDir } = this.#parts;
    const apiSnapshot = await this.#builder.apiSnapshot();
    const residentsMax = this.#parts.composition.residentsMax ?? residentsCeiling(mappingsMax());
    const memoryBytesMax = Math.min(options.cellMemoryBytes, memoryByMappings(mappingsMax()));
    const cells = new Cells({
      host: options.host,
      count: options.cells,
      dataDir: dataDir.path,
      wall: this.#parts.wall,
      temporary: dataDir.temporary,
      graceMs: options.graceMs,
      flags: this.#parts.composition.cellFlags ?? [],
      startMsMax: this.#parts.composition.cellStartMsMax,
      init: () => ({ appsPort: this.#appsPort, apiSnapshot, deployments: this.#registry.deployments, refusals: this.#registry.refusals, quarantined: this.#registry.quarantined, slots: 0, memoryBytesMax, residentsMax }),
      log: (lines) => this.#childLog(lines),
      bindings: (answer) => this.#bindings!.connect(answer),
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

  #openBindings(): Promise<AppBindings> {
    const { operator, dataDir } = this.#parts;
    return AppBindings.open({
      dataDir: dataDir.path,
      models: this.models,
      grantsOf: (app) => this.#registry.grantsOf(app),
      event: (level, event, app, fields) => this.#event(level, event, app, fields),
      runs: () => this.runs,
      secret: (name) => (operator.policy.secretNames.includes(name) ? process.env[name] : undefined),
    });
  }

  /** Starts no process yet, unless there are runs to go on with. */
  async #startAgents(): Promise<AgentsClient> {
    const { options, operator, dataDir } = this.#parts;
    const init = await agentsInit({ options, policy: operator.policy, configFile: operator.file, dataDir });
    const models = new ModelDesk({ models: this.models, egress: init.egress, folder: init.folder, secretNames: () => this.#parts.operator.policy.secretNames, environment: process.env });
    const agents = new AgentsClient({ init, secrets: () => this.#parts.operator.secrets(), models, wall: this.#parts.wall, log: (lines) => this.#childLog(lines) });
    await agents.start();
    return agents;
  }

  async #buildRest(unbuilt: readonly AppConfig[], found: FoundApps): Promise<void> {
    if (unbuilt.length > 0) this.#event('info', 'apps_building', undefined, { apps: unbuilt.length });
    const deployed = new Set(found.deployed.map(({ config }) => config.name));
    const serve = async (config: AppConfig): Promise<AppRecord> => {
      this.#stop.signal.throwIfAborted();
      return this.#registry.serve(config, deployed.has(config.name) ? 'deployed' : 'folder');
    };
    const results = await mapBounded(unbuilt, BUILDS_AT_ONCE, (config) => serve(config).then(() => undefined, (error: unknown) => ({ error })));
    const failure = results.find((result) => result !== undefined);
    const nothingServed = this.#registry.deployments.length === 0;
    if (nothingServed && failure !== undefined && !this.#parts.options.dev) throw failure.error;
  }

  /** Built apps that nobody serves any more go, now and every hour. */
  #prune(): void {
    const keys = new Set(this.#registry.deployments.map(({ artefact }) => artefact.key));
    this.#builder.prune(keys).catch((error: unknown) => this.#folders.noteFailure(error));
    this.#pruning = setTimeout(() => this.#prune(), PRUNE_MS).unref();
  }

  async #startControl(port: number): Promise<number> {
    const { options, operator, dataDir } = this.#parts;
    const allowedHosts = [options.host, ...operator.policy.allowedHosts];
    const onError = (error: unknown, requestId: string): void =>
      this.#event('error', 'control_error', undefined, { request_id: requestId, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    const control = createControlServer(bound(this), { tokens: this.#tokens!, sessions: this.#sessions, allowedHosts, auth: options.auth, dataDir: dataDir.path, onError });
    this.#control = control;
    return listenOn(control, options.host, port);
  }

  // Changes

  /** Reads the operator's file and all folders again. Address, ports and cells stay as they were at the start. */
  async reload(): Promise<AppStatus[]> {
    await this.#parts.operator.reread();
    this.#hideSecrets();
    const found = await this.#folders.find(this.#store!);
    this.#prune();
    await this.#folders.apply(found);
    return this.apps();
  }

  async deploy(folder: string, name: string | undefined): Promise<AppStatus> {
    return this.app(await this.#uploads!.deploy(folder, name));
  }

  async rollback(name: string, version: number | undefined): Promise<AppStatus> {
    return this.app(await this.#uploads!.rollback(name, version));
  }

  trigger(name: string, event: ScheduledEvent): Promise<void> {
    return this.#triggers.trigger(name, event);
  }

  undeploy(name: string): Promise<void> {
    return this.#uploads!.undeploy(name);
  }

  // What the control plane asks

  isReady(): boolean {
    return this.#ready && this.#closing === undefined && (this.#cells?.serving ?? 0) > 0;
  }

  async apps(): Promise<AppStatus[]> {
    const residents = new Map<string, number>();
    for (const stats of (await this.#cells?.stats(false)) ?? []) {
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
    const { slots, isApart } = this.#cells?.ownersOf(record.name) ?? { slots: [], isApart: false };
    return statusOf(record, { host: this.#parts.options.host, appsPort: this.#appsPort, residents, cells: slots, isApart });
  }

  recentLogs(filter: LogFilter, count: number): LogEvent[] {
    return this.#parts.log.recent(filter, count);
  }

  followLogs(filter: LogFilter, listener: (event: LogEvent) => void): () => void {
    return this.#parts.log.follow(filter, listener);
  }

  async metrics(): Promise<string> {
    const stats = (await this.#cells?.stats(true)) ?? [];
    return mergeMetrics(stats.flatMap(({ figures }) => figures ?? []), await this.#agents?.metrics(), this.#registry.records);
  }

  hostStatus(): Promise<HostStatus> {
    return hostStatus(this.#registry.records, this.#cells?.serving ?? 0, this.#parts.wall.status, this.#agents!);
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
    this.#folders.close();
    clearTimeout(this.#pruning);
    this.#triggers.close();
    await Promise.all([this.#cells?.close(), this.#closeBuilder(), this.#agents?.close(), this.models.close()]);
    await this.#bindings?.close();
    if (this.#control !== undefined) await closeServer(this.#control);
    this.#event('info', 'host_closed', undefined, {});
    await this.#parts.dataDir.close();
    await this.#parts.output.flush();
    this.#end();
  }

  /** What it was writing is of no use to anybody. */
  async #closeBuilder(): Promise<void> {
    await this.#builder.close();
    const artefacts = join(this.#parts.dataDir.path, 'artefacts');
    for (const folder of [artefacts, join(artefacts, 'index')]) await removeHalfWritten(folder);
  }
}

/** Rejects with the signal's reason when that comes first; `work` then ends by itself, and what it ends with is nobody's matter. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const stopped = new AbortController();
  const aborted = once(signal, 'abort', { signal: stopped.signal }).then(() => {
    throw signal.reason;
  });
  aborted.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stopped.abort();
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
    trigger: (name, event) => host.trigger(name, event),
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
