/** Entry file of a cell: HTTP in front, isolates behind. Runs tenants' code, so it holds nothing that it does not need. */
import ivm from 'isolated-vm';
import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { promisify } from 'node:util';
import { agentCall } from '../apps/host-calls/agent-call.ts';
import { AppCaches } from '../apps/host-calls/app-caches.ts';
import { cacheCall } from '../apps/host-calls/cache-call.ts';
import { compressionCall } from '../apps/host-calls/compression-call.ts';
import { digestStreamCall } from '../apps/host-calls/digest-stream-call.ts';
import { fetchCall } from '../apps/host-calls/fetch-call.ts';
import { llmCall } from '../apps/host-calls/llm-call.ts';
import { serviceCall } from '../apps/host-calls/service-call.ts';
import { subtleCall } from '../apps/host-calls/subtle-call.ts';
import { AppRunner, type AppObserver } from '../apps/run/app-runner.ts';
import { EntryScheduler, EXTRA_TURNS_MAX } from '../apps/run/entry-scheduler.ts';
import type { HostCallTable } from '../apps/run/host-call.ts';
import { LogLimiter } from '../apps/run/log-limiter.ts';
import { createMapStack } from '../apps/run/map-stack.ts';
import { maskOf } from '../apps/run/mask-of.ts';
import { callScheduled } from '../apps/run/scheduled-call.ts';
import { startAppIsolate } from '../apps/run/start-app-isolate.ts';
import { loadApiParts, loadApiSnapshot } from '../apps/artefact/api-store.ts';
import type { AppDeployment } from '../protocol/app.ts';
import type { AppHandler, ScheduledEvent } from '../protocol/app-call.ts';
import type { AppLoad, AppRefusal, AppSuspect, CellFigures, CellInit, CellLogLine, CellStats, FromCell, OwnerTable, ToCell } from '../protocol/cell-messages.ts';
import { CACHE_CALL } from '../protocol/cache-call.ts';
import { COMPRESSION_CALL } from '../protocol/compression.ts';
import { DIGEST_STREAM_CALL } from '../protocol/digest-stream.ts';
import { fromErrorData, NanosError, toErrorData } from '../protocol/errors.ts';
import { DEFAULT_APP_LIMITS, HOST_LIMITS } from '../protocol/limits.ts';
import { IsolatePool } from '../sandbox/isolate/isolate-pool.ts';
import type { SharedText, Snapshot } from '../sandbox/isolate/tenant-isolate.ts';
import { createAppsListener } from '../server/apps/create-apps-listener.ts';
import { ForwardListener } from '../server/apps/forward-listener.ts';
import { SERVICE_CALL } from '../protocol/service-call.ts';
import { createRequestIds } from '../util/request-id.ts';
import { BindingLine } from './binding-line.ts';
import { bothRecords } from './both-records.ts';
import { CellMemory } from './cell-memory.ts';
import { CellForwarding } from './cell-forwarding.ts';
import { CellLoads } from './cell-loads.ts';
import { CellMetrics } from './cell-metrics.ts';
import { OCCUPANCY_FD, OCCUPANCY_SLOTS, OccupancyRecord, writeOccupancy } from './cell-occupancy.ts';
import { closeInheritedFiles } from './close-inherited-files.ts';
import { CellRouter } from './cell-router.ts';
import { CellSocketLine } from './cell-socket-line.ts';
import { listenOnHandle } from './listen-on-handle.ts';
import { RefusedApp } from './refused-app.ts';

const IDLE_SWEEP_MS = 10_000;
const DRAIN_POLL_MS = 20;
/** A kept connection gets this long for its last request once the cell drains. */
const DRAIN_IDLE_MS = 1_000;
const SPARE_ISOLATES = 4;
/** An app under which the cell grew while others ran too has its turns alone for that long. */
const SUSPECT_MS = 10 * 60_000;

class Cell {
  readonly #init: CellInit;
  readonly #memory: CellMemory;
  readonly #scheduler: EntryScheduler;
  readonly #router = new CellRouter<AppRunner | RefusedApp>();
  readonly #refused = new Map<string, RefusedApp>();
  readonly #runners = new Map<string, AppRunner>();
  readonly #limiters = new Map<string, LogLimiter>();
  /** apps that cost this cell an isolate's thread */
  readonly #struck = new Set<string>();
  readonly #servers = new Map<number, Server>();
  /** undefined, both: there is one cell only */
  readonly #forwarding: CellForwarding | undefined;
  readonly #forwarded: ForwardListener | undefined;
  readonly #loads = new CellLoads();
  #lastHeartbeat = heartbeatNow();
  readonly #metrics = new CellMetrics();
  readonly #caches = new AppCaches({ appBytesMax: HOST_LIMITS.cacheBytesMax, bytesMax: HOST_LIMITS.cachesBytesMax });
  readonly #calls: HostCallTable;
  readonly #pool: IsolatePool;
  readonly #observer: AppObserver;
  readonly #nextRequestId = createRequestIds(Date.now, randomBytes(5));
  #logLines: CellLogLine[] = [];
  #draining = false;
  /** false where apps live that cost a cell: clients of others are not to be lost with it */
  #isAccepting: boolean;
  /** answers that their clients have not taken completely */
  #openAnswers = 0;

  constructor(init: CellInit, api: { readonly snapshot: Snapshot; readonly partTexts: SharedText }) {
    this.#init = init;
    this.#memory = new CellMemory({
      ceilingBytes: init.memoryBytesMax,
      residentsMax: init.residentsMax,
      runners: this.#runners,
      suspect: (app) => this.#scheduler.suspect(app, SUSPECT_MS),
      worn: (message) => send({ type: 'worn', message }),
    });
    this.#scheduler = new EntryScheduler(Math.min(init.slots === 0 ? availableParallelism() : init.slots, OCCUPANCY_SLOTS - EXTRA_TURNS_MAX), bothRecords(new OccupancyRecord(writeOccupancy), this.#memory));
    this.suspect(init.suspects);
    this.#pool = new IsolatePool({ ...api, memoryMbMax: DEFAULT_APP_LIMITS.memoryMbMax, spares: SPARE_ISOLATES, isIdle: () => this.#scheduler.isIdle });
    this.#calls = new Map([
      ['fetch', fetchCall(async () => (await import('../net/egress/egress.ts')).createEgress())],
      ['subtle', subtleCall],
      [COMPRESSION_CALL, compressionCall],
      [CACHE_CALL, cacheCall(this.#caches)],
      [DIGEST_STREAM_CALL, digestStreamCall],
      ['llm', llmCall(bindings)],
      ['agent', agentCall(bindings)],
      [SERVICE_CALL, serviceCall((app) => this.#serviceOf(app))],
    ]);
    this.#isAccepting = isOpen(init.place?.slot, init.place?.owners);
    if (init.place !== undefined) {
      this.#forwarding = new CellForwarding({ place: init.place, failed: (app, { code }, latencyMs) => this.#metrics.served(app, { outcome: code, latencyMs, cpuMs: 0 }) });
      this.#forwarded = new ForwardListener(init.place.key, (app) => this.#runners.get(app) ?? this.#refused.get(app));
    }
    this.#observer = {
      served: (app, outcome) => {
        this.#metrics.served(app, outcome);
        if (this.#forwarding !== undefined) this.#loads.served(app, outcome.cpuMs);
      },
      started: (app, version, startMs) => {
        this.#memory.started(app);
        this.#metrics.started(app, startMs);
        this.#log({ level: 'debug', event: 'app_started', app, fields: { deployment: version, start_ms: Math.round(startMs * 100) / 100 } });
      },
      log: (deployment, level, requestId, text) => this.#console(deployment, level, requestId, text),
      event: (app, level, event, fields) => {
        this.#log({ level, event, app, fields });
        if (fields['code'] === 'artefact_corrupt') this.#reportCorrupt(app);
      },
    };
  }

  /** `place`: the socket on which other cells hand requests over, if there are others. */
  async serve(place: unknown): Promise<void> {
    for (const deployment of this.#init.deployments) this.#add(deployment);
    for (const refusal of this.#init.refusals) this.refuse(refusal);
    for (const { name, forMs } of this.#init.quarantined) this.quarantine(name, forMs);
    if (this.#forwarded !== undefined) await listenOnHandle(this.#forwarded.server, place);
    await this.#listen(this.#init.appsPort);
    const places = [...this.#init.deployments, ...this.#init.refusals.map(({ place }) => place)];
    for (const { port } of places) if (port !== undefined) await this.#listen(port);
    setInterval(() => this.#beat(), HOST_LIMITS.heartbeatMs);
    setInterval(() => this.#memory.evictIdle(), IDLE_SWEEP_MS);
  }

  #beat(): void {
    this.#leaveForeign();
    send({ type: 'heartbeat', loads: this.#forwarding === undefined ? undefined : this.#takeLoads() });
  }

  #takeLoads(): AppLoad[] {
    const before = this.#lastHeartbeat;
    const now = (this.#lastHeartbeat = heartbeatNow());
    const elapsedMs = now.atMs - before.atMs;
    const full = [...this.#runners].flatMap(([name, { load, deployment }]) => (load > deployment.limits.inFlightMax ? [name] : []));
    const { utilization } = performance.eventLoopUtilization(now.loop, before.loop);
    // a loop that gets no core is busy too, and another cell would get none either
    return this.#loads.take(elapsedMs, Math.min(utilization, (now.cpuMs - before.cpuMs) / elapsedMs), full);
  }

  follow(owners: OwnerTable): void {
    this.#forwarding?.follow(owners);
    this.#leaveForeign();
    const wasAccepting = this.#isAccepting;
    this.#isAccepting = isOpen(this.#init.place?.slot, owners);
    if (wasAccepting && !this.#isAccepting) this.#refrain();
    if (!wasAccepting && this.#isAccepting) for (const [port, server] of this.#servers) this.#accept(port, server).catch(failed);
  }

  /** Clients find other cells from now on, those that are here with their next connection. */
  #refrain(): void {
    const servers = [...this.#servers.values()];
    stopAccepting(servers);
    setTimeout(() => {
      if (!this.#isAccepting) for (const server of servers) server.closeIdleConnections();
    }, DRAIN_IDLE_MS);
  }

  /** Apps that live in other cells, now or again, leave nothing here. */
  #leaveForeign(): void {
    if (this.#forwarding === undefined) return;
    for (const [name, runner] of this.#runners) {
      if (!runner.isResident || runner.load > 0 || this.#forwarding.owns(name)) continue;
      runner.evict();
      this.#caches.clear(name);
    }
  }

  /** The app: where it lives. */
  #at(handler: AppRunner | RefusedApp): AppHandler {
    if (this.#forwarding === undefined || handler instanceof RefusedApp) return handler;
    return this.#forwarding.handlerOf(handler.deployment.name, handler);
  }

  #add(deployment: AppDeployment): void {
    const runner = new AppRunner({
      deployment,
      scheduler: this.#scheduler,
      observer: this.#observer,
      mapStack: createMapStack(),
      start: (wanted, events) =>
        startAppIsolate({ pool: this.#pool, calls: this.#calls, catastrophe: (app, message) => this.#catastrophe(app, message) }, wanted, events),
    });
    this.#runners.set(deployment.name, runner);
    this.#router.add(runner, deployment);
  }

  refuse({ place, error }: AppRefusal): void {
    if (this.#runners.has(place.name)) return;
    this.#forgetRefused(place.name);
    const refused = new RefusedApp(fromErrorData(error), place.port);
    this.#refused.set(place.name, refused);
    this.#router.add(refused, place);
  }

  #forgetRefused(name: string): void {
    const refused = this.#refused.get(name);
    this.#refused.delete(name);
    if (refused !== undefined) this.#router.remove(refused);
  }

  /** The supervisor decides whether and for how long the app is held back; while this cell lasts it may do so once. */
  #catastrophe(app: string, message: string): void {
    if (this.#struck.has(app)) this.quarantine(app, HOST_LIMITS.quarantineMsMin);
    this.#struck.add(app);
    send({ type: 'catastrophe', app, message });
  }

  async deploy(deployment: AppDeployment): Promise<void> {
    const runner = this.#runners.get(deployment.name);
    // first, so that a port that is taken leaves everything as it was
    if (deployment.port !== undefined) await this.#listen(deployment.port);
    this.#forgetRefused(deployment.name);
    this.#scheduler.trust(deployment.name);
    this.#memory.forget(deployment.name);
    if (runner === undefined) this.#add(deployment);
    else {
      await runner.swap(deployment);
      this.#caches.clear(deployment.name);
      this.#router.add(runner, deployment);
    }
    this.#closeUnusedPorts();
  }

  remove(name: string): void {
    this.#forgetRefused(name);
    const runner = this.#runners.get(name);
    if (runner === undefined) return;
    this.#runners.delete(name);
    this.#limiters.delete(name);
    this.#forwarding?.forget(name);
    this.#caches.clear(name);
    this.#router.remove(runner);
    this.#metrics.remove(name);
    this.#scheduler.forget(name);
    this.#memory.forget(name);
    runner.close();
    this.#closeUnusedPorts();
  }

  quarantine(name: string, forMs: number): void {
    this.#runners.get(name)?.quarantine(forMs);
  }

  suspect(suspects: readonly AppSuspect[]): void {
    for (const { name, forMs } of suspects) this.#scheduler.suspect(name, forMs);
  }

  #serviceOf(name: string): { handler: AppHandler; bodyBytesMax: number } | undefined {
    const handler = this.#runners.get(name) ?? this.#refused.get(name);
    return handler === undefined ? undefined : { handler: this.#at(handler), bodyBytesMax: handler.edge.bodyBytesMax };
  }

  async scheduled(name: string, event: ScheduledEvent): Promise<void> {
    const runner = this.#runners.get(name);
    if (runner === undefined) throw new NanosError('app_not_found', `There is no app ${name} in this cell`);
    await callScheduled(runner, event, this.#nextRequestId());
  }

  async #listen(port: number): Promise<void> {
    if (this.#servers.has(port)) return;
    const server = createAppsListener({
      isDraining: () => this.#draining || !this.#isAccepting,
      route: (hostHeader, localPort) => {
        const handler = this.#router.find(hostHeader, localPort);
        if (handler === undefined) return undefined;
        return { handler: this.#at(handler), ...handler.edge };
      },
    });
    const opened = (_request: unknown, response: ServerResponse): void => {
      this.#openAnswers++;
      response.once('close', () => this.#openAnswers--);
    };
    // node:http says the last two instead of the first when a client asks before it sends its body
    server.on('request', opened).on('checkContinue', opened).on('checkExpectation', opened);
    this.#servers.set(port, server);
    try {
      await this.#accept(port, server);
    } catch (error) {
      this.#servers.delete(port);
      sockets.give(port);
      throw error;
    }
  }

  async #accept(port: number, server: Server): Promise<void> {
    const socket = await sockets.take(port);
    if (!this.#isAccepting || this.#draining || server.listening) return socket.close();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
      server.listen(socket, resolve);
    });
  }

  #closeUnusedPorts(): void {
    // else each of thousands of deployments would look at all apps
    if (this.#servers.size <= 1) return;
    const used = new Set([this.#init.appsPort, ...[...this.#runners.values()].map(({ deployment }) => deployment.port), ...[...this.#refused.values()].map(({ port }) => port)]);
    for (const [port, server] of this.#servers) {
      if (used.has(port)) continue;
      this.#servers.delete(port);
      server.close();
      sockets.give(port);
      server.closeIdleConnections();
    }
  }

  stats(wantsFigures: boolean): CellStats {
    const residents = [...this.#runners.values()].filter(({ isResident }) => isResident);
    const names = residents.map(({ deployment }) => deployment.name);
    const figures = (): CellFigures => this.#metrics.snapshot(residents.map((runner) => ({ name: runner.deployment.name, heapBytes: runner.heapBytes() })));
    return { residents: names, figures: wantsFigures ? figures() : undefined };
  }

  /**
   * No new connections. Open ones are closed with their next answer; those on which no request comes soon are closed idle, not at once, for a
   * request may be on its way. Resolves when nothing is in flight any more.
   */
  async drain(isReplaced: boolean): Promise<void> {
    this.#draining = true;
    const servers = [...this.#servers.values()];
    stopAccepting(servers);
    this.#forwarded?.part(isReplaced);
    const all = this.#forwarded === undefined ? servers : [...servers, this.#forwarded.server];
    const idleUntilMs = performance.now() + DRAIN_IDLE_MS;
    while (this.#isBusy() || (performance.now() < idleUntilMs && (await hasConnections(all)))) {
      if (performance.now() >= idleUntilMs) for (const server of servers) server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    this.#flushLog();
  }

  #isBusy(): boolean {
    return this.#openAnswers > 0 || this.#forwarded?.isBusy === true || [...this.#runners.values()].some(({ load }) => load > 0);
  }

  #reportCorrupt(app: string): void {
    const runner = this.#runners.get(app);
    if (runner !== undefined) send({ type: 'artefact_corrupt', app, version: runner.deployment.version });
  }

  // Log

  #console(deployment: AppDeployment, level: string, requestId: string | undefined, text: string): void {
    const { name: app } = deployment;
    const nowMs = performance.now();
    let limiter = this.#limiters.get(app);
    if (limiter === undefined) this.#limiters.set(app, (limiter = new LogLimiter(nowMs)));
    const message = limiter.admit(text, nowMs, maskOf(deployment));
    if (message === undefined) return;
    const dropped = limiter.takeDropped();
    if (dropped > 0) this.#log({ level: 'warn', event: 'log_dropped', app, fields: { lines: dropped } });
    this.#log({ level: isLevel(level) ? level : 'info', event: 'console', app, request_id: requestId, message });
  }

  #log(line: CellLogLine): void {
    this.#logLines.push(line);
    if (this.#logLines.length === 1) setImmediate(() => this.#flushLog());
  }

  #flushLog(): void {
    const lines = this.#logLines;
    this.#logLines = [];
    if (lines.length > 0) send({ type: 'log', lines });
  }
}

function heartbeatNow(): { atMs: number; cpuMs: number; loop: ReturnType<typeof performance.eventLoopUtilization> } {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), cpuMs: (user + system) / 1_000, loop: performance.eventLoopUtilization() };
}

/** Whether the cell in that slot takes clients' connections. */
function isOpen(slot: number | undefined, owners: OwnerTable | undefined): boolean {
  return slot === undefined || owners?.apart?.slot !== slot;
}

function stopAccepting(servers: readonly Server[]): void {
  // of node:net: that of node:http closes idle connections too
  for (const server of servers) NetServer.prototype.close.call(server);
}

async function hasConnections(servers: readonly NetServer[]): Promise<boolean> {
  const counts = await Promise.all(servers.map((server) => promisify(server.getConnections.bind(server))()));
  return counts.some((count) => count > 0);
}

function isLevel(level: string): level is CellLogLine['level'] {
  return level === 'debug' || level === 'info' || level === 'warn' || level === 'error';
}

function listenError(error: NodeJS.ErrnoException, port: number): NanosError {
  if (error.code === 'EADDRINUSE') return new NanosError('port_in_use', `Port ${port} is in use by another program`, { cause: error });
  return new NanosError('port_forbidden', `Can not listen on port ${port}: ${error.message}`, { cause: error });
}

function send(message: FromCell): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function failed(error: unknown): void {
  send({ type: 'failed', error: toErrorData(error) });
}

async function loadApi(api: CellInit['apiSnapshot']): Promise<{ snapshot: Snapshot; partTexts: SharedText }> {
  return { snapshot: new ivm.ExternalCopy((await loadApiSnapshot(api)).buffer), partTexts: new ivm.ExternalCopy(await loadApiParts(api)) };
}

closeInheritedFiles(OCCUPANCY_FD);
const bindings = new BindingLine(send);
const sockets = new CellSocketLine(send);
let started: Promise<Cell> | undefined;

async function start(init: CellInit, place: unknown): Promise<Cell> {
  const cell = new Cell(init, await loadApi(init.apiSnapshot));
  await cell.serve(place);
  return cell;
}

/** Whatever comes while the cell starts waits for it: a change that got lost here would never be served. */
async function receive(message: ToCell, handle: unknown): Promise<void> {
  if (message.type === 'binding') return bindings.receive(message);
  if (message.type === 'socket') return sockets.receive(message, handle);
  if (message.type === 'init') {
    started = start(message.init, handle);
    await started;
    return send({ type: 'serving' });
  }
  const cell = await started;
  if (cell === undefined) return;
  if (message.type === 'owners') return cell.follow(message.owners);
  if (message.type === 'drain') {
    await cell.drain(message.isReplaced);
    return send({ type: 'drained' });
  }
  try {
    if (message.type === 'deploy') await cell.deploy(message.deployment);
    else if (message.type === 'refuse') cell.refuse(message.refusal);
    else if (message.type === 'remove') cell.remove(message.name);
    else if (message.type === 'quarantine') cell.quarantine(message.name, message.forMs);
    else if (message.type === 'suspect') cell.suspect(message.suspects);
    else if (message.type === 'scheduled') await cell.scheduled(message.app, message.event);
    send({ type: 'answer', call: message.call, stats: message.type === 'stats' ? cell.stats(message.wantsFigures) : undefined });
  } catch (error) {
    send({ type: 'answer', call: message.call, error: toErrorData(error) });
  }
}

process.on('message', (message: ToCell, handle) => {
  receive(message, handle).catch(failed);
});
// Ctrl-C reaches the whole group; when the supervisor is done it says so
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// without the ordinary way out, which crashes when an isolate's thread is lost
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
