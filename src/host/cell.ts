/** Entry file of a cell: HTTP in front, isolates behind. Runs tenants' code, so it holds nothing that it does not need. */
import ivm from 'isolated-vm';
import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
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
import { EntryScheduler } from '../apps/run/entry-scheduler.ts';
import type { HostCallTable } from '../apps/run/host-call.ts';
import { LogLimiter } from '../apps/run/log-limiter.ts';
import { createMapStack } from '../apps/run/map-stack.ts';
import { maskOf } from '../apps/run/mask-of.ts';
import { callScheduled } from '../apps/run/scheduled-call.ts';
import { startAppIsolate } from '../apps/run/start-app-isolate.ts';
import { loadApiParts, loadApiSnapshot } from '../apps/artefact/api-store.ts';
import type { AppDeployment } from '../protocol/app.ts';
import type { ScheduledEvent } from '../protocol/app-call.ts';
import type { AppRefusal, AppSuspect, CellInit, CellLogLine, FromCell, ToCell } from '../protocol/cell-messages.ts';
import { CACHE_CALL } from '../protocol/cache-call.ts';
import { COMPRESSION_CALL } from '../protocol/compression.ts';
import { DIGEST_STREAM_CALL } from '../protocol/digest-stream.ts';
import { fromErrorData, NanosError, toErrorData } from '../protocol/errors.ts';
import { DEFAULT_APP_LIMITS, HOST_LIMITS } from '../protocol/limits.ts';
import { IsolatePool } from '../sandbox/isolate/isolate-pool.ts';
import type { SharedText, Snapshot } from '../sandbox/isolate/tenant-isolate.ts';
import { createAppsListener } from '../server/apps/create-apps-listener.ts';
import { SERVICE_CALL } from '../protocol/service-call.ts';
import { createRequestIds } from '../util/request-id.ts';
import { BindingLine } from './binding-line.ts';
import { CellMetrics } from './cell-metrics.ts';
import { OccupancyRecord, writeOccupancy } from './cell-occupancy.ts';
import { CellRouter } from './cell-router.ts';
import { CellSocketLine } from './cell-socket-line.ts';
import { RefusedApp } from './refused-app.ts';

const IDLE_SWEEP_MS = 10_000;
const DRAIN_POLL_MS = 20;
/** A kept connection gets this long for its last request once the cell drains. */
const DRAIN_IDLE_MS = 1_000;
const SPARE_ISOLATES = 4;

class Cell {
  readonly #init: CellInit;
  readonly #scheduler: EntryScheduler;
  readonly #router = new CellRouter<AppRunner | RefusedApp>();
  readonly #refused = new Map<string, RefusedApp>();
  readonly #runners = new Map<string, AppRunner>();
  readonly #limiters = new Map<string, LogLimiter>();
  /** apps that cost this cell an isolate's thread */
  readonly #struck = new Set<string>();
  readonly #servers = new Map<number, Server>();
  readonly #metrics = new CellMetrics();
  readonly #caches = new AppCaches({ appBytesMax: HOST_LIMITS.cacheBytesMax, bytesMax: HOST_LIMITS.cachesBytesMax });
  readonly #calls: HostCallTable;
  readonly #pool: IsolatePool;
  readonly #observer: AppObserver;
  readonly #nextRequestId = createRequestIds(Date.now, randomBytes(5));
  #logLines: CellLogLine[] = [];
  #draining = false;
  /** answers that their clients have not taken completely */
  #openAnswers = 0;

  constructor(init: CellInit, api: { readonly snapshot: Snapshot; readonly partTexts: SharedText }) {
    this.#init = init;
    this.#scheduler = new EntryScheduler(init.slots === 0 ? availableParallelism() : init.slots, new OccupancyRecord(writeOccupancy));
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
    this.#observer = {
      served: (app, outcome) => this.#metrics.served(app, outcome),
      started: (app, version, startMs) => {
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

  async serve(): Promise<void> {
    for (const deployment of this.#init.deployments) this.#add(deployment);
    for (const refusal of this.#init.refusals) this.refuse(refusal);
    for (const { name, forMs } of this.#init.quarantined) this.quarantine(name, forMs);
    await this.#listen(this.#init.appsPort);
    const places = [...this.#init.deployments, ...this.#init.refusals.map(({ place }) => place)];
    for (const { port } of places) if (port !== undefined) await this.#listen(port);
    setInterval(() => send({ type: 'heartbeat' }), HOST_LIMITS.heartbeatMs);
    setInterval(() => this.#evictIdle(), IDLE_SWEEP_MS);
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
    this.#caches.clear(name);
    this.#router.remove(runner);
    this.#metrics.remove(name);
    runner.close();
    this.#closeUnusedPorts();
  }

  quarantine(name: string, forMs: number): void {
    this.#runners.get(name)?.quarantine(forMs);
  }

  suspect(suspects: readonly AppSuspect[]): void {
    for (const { name, forMs } of suspects) this.#scheduler.suspect(name, forMs);
  }

  #serviceOf(name: string): { handler: AppRunner | RefusedApp; bodyBytesMax: number } | undefined {
    const handler = this.#runners.get(name) ?? this.#refused.get(name);
    return handler === undefined ? undefined : { handler, bodyBytesMax: handler.edge.bodyBytesMax };
  }

  async scheduled(name: string, event: ScheduledEvent): Promise<void> {
    const runner = this.#runners.get(name);
    if (runner === undefined) throw new NanosError('app_not_found', `There is no app ${name} in this cell`);
    await callScheduled(runner, event, this.#nextRequestId());
  }

  async #listen(port: number): Promise<void> {
    if (this.#servers.has(port)) return;
    const server = createAppsListener({
      isDraining: () => this.#draining,
      route: (hostHeader, localPort) => {
        const handler = this.#router.find(hostHeader, localPort);
        if (handler === undefined) return undefined;
        return { handler, ...handler.edge };
      },
    });
    server.on('request', (_request, response) => {
      this.#openAnswers++;
      response.once('close', () => this.#openAnswers--);
    });
    this.#servers.set(port, server);
    try {
      const socket = await sockets.take(port);
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
        server.listen(socket, resolve);
      });
    } catch (error) {
      this.#servers.delete(port);
      sockets.give(port);
      throw error;
    }
  }

  #closeUnusedPorts(): void {
    const used = new Set([this.#init.appsPort, ...[...this.#runners.values()].map(({ deployment }) => deployment.port), ...[...this.#refused.values()].map(({ port }) => port)]);
    for (const [port, server] of this.#servers) {
      if (used.has(port)) continue;
      this.#servers.delete(port);
      server.close();
      sockets.give(port);
      server.closeIdleConnections();
    }
  }

  async stats(): Promise<{ residents: string[]; metrics: object }> {
    const residents = [...this.#runners.values()].filter(({ isResident }) => isResident);
    const metrics = await this.#metrics.snapshot(residents.map((runner) => ({ name: runner.deployment.name, heapBytes: runner.heapBytes() })));
    return { residents: residents.map(({ deployment }) => deployment.name), metrics };
  }

  /**
   * No new connections. Open ones are closed with their next answer; those on which no request comes soon are closed idle, not at once, for a
   * request may be on its way. Resolves when nothing is in flight any more.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    const servers = [...this.#servers.values()];
    // of node:net: that of node:http closes idle connections too
    for (const server of servers) NetServer.prototype.close.call(server);
    const idleUntilMs = performance.now() + DRAIN_IDLE_MS;
    while (this.#isBusy() || (performance.now() < idleUntilMs && (await hasConnections(servers)))) {
      if (performance.now() >= idleUntilMs) for (const server of servers) server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    this.#flushLog();
  }

  #isBusy(): boolean {
    return this.#openAnswers > 0 || [...this.#runners.values()].some(({ load }) => load > 0);
  }

  #evictIdle(): void {
    const residents = [...this.#runners.values()].filter(({ isResident, load }) => isResident && load === 0);
    residents.sort((a, b) => a.usedMs - b.usedMs);
    const surplus = residents.length - HOST_LIMITS.residentsMax;
    const nowMs = performance.now();
    residents.forEach((runner, index) => {
      if (index < surplus || nowMs - runner.usedMs > HOST_LIMITS.idleMsMax) runner.evict();
    });
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

async function hasConnections(servers: readonly Server[]): Promise<boolean> {
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

async function loadApi(api: CellInit['apiSnapshot']): Promise<{ snapshot: Snapshot; partTexts: SharedText }> {
  return { snapshot: new ivm.ExternalCopy((await loadApiSnapshot(api)).buffer), partTexts: new ivm.ExternalCopy(await loadApiParts(api)) };
}

const bindings = new BindingLine(send);
const sockets = new CellSocketLine(send);
let started: Promise<Cell> | undefined;

async function start(init: CellInit): Promise<Cell> {
  const cell = new Cell(init, await loadApi(init.apiSnapshot));
  await cell.serve();
  return cell;
}

/** Whatever comes while the cell starts waits for it: a change that got lost here would never be served. */
async function receive(message: ToCell, handle: unknown): Promise<void> {
  if (message.type === 'binding') return bindings.receive(message);
  if (message.type === 'socket') return sockets.receive(message, handle);
  if (message.type === 'init') {
    started = start(message.init);
    await started;
    return send({ type: 'serving' });
  }
  const cell = await started;
  if (cell === undefined) return;
  if (message.type === 'drain') {
    await cell.drain();
    return send({ type: 'drained' });
  }
  try {
    if (message.type === 'deploy') await cell.deploy(message.deployment);
    else if (message.type === 'refuse') cell.refuse(message.refusal);
    else if (message.type === 'remove') cell.remove(message.name);
    else if (message.type === 'quarantine') cell.quarantine(message.name, message.forMs);
    else if (message.type === 'suspect') cell.suspect(message.suspects);
    else if (message.type === 'scheduled') await cell.scheduled(message.app, message.event);
    send({ type: 'answer', call: message.call, stats: message.type === 'stats' ? await cell.stats() : undefined });
  } catch (error) {
    send({ type: 'answer', call: message.call, error: toErrorData(error) });
  }
}

process.on('message', (message: ToCell, handle) => {
  receive(message, handle).catch((error: unknown) => send({ type: 'failed', error: toErrorData(error) }));
});
// Ctrl-C reaches the whole group; when the supervisor is done it says so
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
