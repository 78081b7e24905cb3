/** The supervisor's side of the cells: as many as asked for, replaced when one dies, falls silent or lost an isolate's thread. */
import { fork, type ChildProcess, type SendHandle, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppDeployment } from '../protocol/app.ts';
import type { ScheduledEvent } from '../protocol/app-call.ts';
import type { BindingAnswer, BindingAsk } from '../protocol/bindings/binding-messages.ts';
import type { AppRefusal, CellInit, CellLogLine, CellStats, FromCell, SocketAsk, ToCell } from '../protocol/cell-messages.ts';
import { fromErrorData, NanosError, toErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { ownFile } from '../util/own-file.ts';
import { CellBlame, isAbort } from './cell-blame.ts';
import { CellPlaces } from './cell-places.ts';
import { CellSockets } from './cell-sockets.ts';
import { OCCUPANCY_FD, openCellOccupancy, type CellOccupancy } from './cell-occupancy.ts';
import { readCellOutput } from './cell-output.ts';
import { CELL_ENVIRONMENT, childFlags } from './child-flags.ts';
import { confinedProcess, type SecondWall } from './second-wall.ts';

/** A cell that dies sooner than this after its start is followed by the next one only after a pause. */
const YOUNG_MS = 2_000;
const RESTART_PAUSE_MS = 500;
const RESTART_PAUSE_MS_MAX = 10_000;
/** The control plane does not wait longer for a cell that is stuck. */
const STATS_MS_MAX = 1_000;

export interface CellsOptions {
  /** address on which cells listen */
  readonly host: string;
  readonly count: number;
  /** built apps below it are the only files that a cell may read besides the program */
  readonly dataDir: string;
  readonly wall: Pick<SecondWall, 'launcher' | 'user'>;
  /** in-flight requests of a cell that is replaced or stopped get this long */
  readonly graceMs: number;
  /** see HostComposition */
  readonly flags?: readonly string[];
  /** for what is there only as long as the host runs */
  readonly temporary: string;
  init(): Omit<CellInit, 'suspects' | 'place'>;
  log(lines: readonly CellLogLine[]): void;
  /** A cell's calls of bindings: where they go, until it is gone. */
  bindings(answer: (answer: BindingAnswer) => void): CellBindings;
  /** A cell lost an isolate's thread to this app, or died of it, and not for the first time. */
  catastrophe(app: string, message: string): void;
  /** A cell could not start that version of the app, because its artefact is damaged. */
  artefactCorrupt(app: string, version: number): void;
}

export interface CellBindings {
  ask(ask: BindingAsk): void;
  /** Nobody waits any more. */
  close(): void;
}

type Answer = { resolve(stats: CellStats | undefined): void; reject(error: Error): void };

interface Cell {
  /** of its own among all cells that there were; above 0 */
  readonly number: number;
  readonly slot: number;
  readonly worker: ChildProcess;
  readonly startedMs: number;
  readonly answers: Map<number, Answer>;
  readonly bindings: CellBindings;
  readonly occupancy: CellOccupancy;
  heartbeat: NodeJS.Timeout | undefined;
  isServing: boolean;
  /** to be ended: its exit is no accident */
  isRetired: boolean;
  drained: (() => void) | undefined;
}

export class Cells {
  readonly #options: CellsOptions;
  readonly #cells = new Set<Cell>();
  readonly #blame = new CellBlame();
  readonly #sockets: CellSockets;
  /** undefined: there is one cell only */
  readonly #places: CellPlaces | undefined;
  #lastCell = 0;
  #lastCall = 0;
  #closing = false;

  constructor(options: CellsOptions) {
    this.#options = options;
    this.#sockets = new CellSockets(options.host);
    if (options.count > 1) this.#places = this.#openPlaces(options);
  }

  #openPlaces({ count, dataDir, wall, log }: CellsOptions): CellPlaces {
    return new CellPlaces({
      dataDir,
      count,
      group: wall.user?.gid,
      blamed: () => this.#blame.blamed(performance.now()),
      changed: (owners) => this.#cells.forEach((cell) => this.#send(cell, { type: 'owners', owners })),
      event: (event, app, fields) => log([{ level: 'info', event, app, fields }]),
    });
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, (_, slot) => this.#fork(slot)));
  }

  get serving(): number {
    return [...this.#cells].filter(({ isServing, isRetired }) => isServing && !isRetired).length;
  }

  get pids(): number[] {
    return [...this.#cells].flatMap(({ worker }) => worker.pid ?? []);
  }

  /** Resolves when every cell serves the deployment; rejects with the first refusal, and the cells that took it keep it. */
  async deploy(deployment: AppDeployment): Promise<void> {
    this.#forgive(deployment.name);
    await this.#tellAll((call) => ({ type: 'deploy', call, deployment }));
  }

  /** Answers the requests of an app that has no version to serve. */
  async refuse(refusal: AppRefusal): Promise<void> {
    await this.#tellAll((call) => ({ type: 'refuse', call, refusal }));
  }

  async remove(name: string): Promise<void> {
    this.#forgive(name);
    await this.#tellAll((call) => ({ type: 'remove', call, name }));
  }

  #forgive(app: string): void {
    this.#blame.forget(app);
    this.#places?.review(undefined);
  }

  /** One cell runs the app's handler: where the app lives, if a cell serves there. Rejects with what went wrong; `overloaded` when no cell serves. */
  async scheduled(app: string, event: ScheduledEvent): Promise<void> {
    const serving = [...this.#cells].filter(({ isServing, isRetired, worker }) => isServing && !isRetired && worker.connected);
    const owner = this.#places?.ownerOf(app);
    const cell = serving.find(({ slot }) => slot === owner) ?? serving[0];
    if (cell === undefined) throw new NanosError('overloaded', 'No cell serves at the moment', { retryAfterS: 1 });
    await this.#tell(cell, (call) => ({ type: 'scheduled', call, app, event }));
  }

  async quarantine(name: string, forMs: number): Promise<void> {
    await this.#tellAll((call) => ({ type: 'quarantine', call, name, forMs }));
  }

  /** Of the cells that answer soon. Figures of thousands of apps are worth asking for only when they are wanted. */
  async stats(wantsFigures: boolean): Promise<CellStats[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), STATS_MS_MAX)));
    const answers = await Promise.all(this.#tellEach((call) => ({ type: 'stats', call, wantsFigures })).map((answer) => Promise.race([answer, late])));
    clearTimeout(timer);
    return answers.filter((stats) => stats !== undefined);
  }

  /** Finishes what is in flight, within the grace, and ends all cells. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#sockets.closeAll();
    this.#places?.close();
    await Promise.all([...this.#cells].map((cell) => this.#retire(cell)));
  }

  #fork(slot: number): Promise<void> {
    const occupancy = openCellOccupancy(this.#options.temporary);
    const worker = this.#spawn(occupancy.fd);
    const bindings = this.#options.bindings((answer) => this.#send(cell, answer));
    const cell: Cell = { number: ++this.#lastCell, slot, worker, startedMs: performance.now(), answers: new Map(), bindings, occupancy, heartbeat: undefined, isServing: false, isRetired: false, drained: undefined };
    this.#cells.add(cell);
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        cell.isRetired = true;
        worker.kill('SIGKILL');
        reject(error);
      };
      worker.on('message', (message: FromCell) => {
        if (message.type === 'failed') failed(fromErrorData(message.error));
        else this.#receive(cell, message, resolve);
      });
      worker.on('error', failed);
      worker.on('exit', (code, signal) => {
        this.#exited(cell, code, signal);
        reject(new NanosError('internal', `A cell ended while it started (${signal ?? code})`));
      });
      const init: CellInit = { ...this.#options.init(), place: this.#places?.of(slot), suspects: this.#blame.suspects(performance.now()) };
      this.#send(cell, { type: 'init', init }, this.#places?.socketOf(slot));
      this.#expectHeartbeat(cell, HOST_LIMITS.cellStartMsMax);
    });
  }

  /** It inherits nothing that can be written to but pipes, its channel and that file; it reads from the data directory, in whose folders its user may have no rights. */
  #spawn(occupancyFd: number | 'ignore'): ChildProcess {
    const { dataDir, wall, flags = [] } = this.#options;
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];
    stdio[OCCUPANCY_FD] = occupancyFd;
    const worker = fork(fileURLToPath(ownFile('cell', import.meta.url)), [], {
      ...confinedProcess(wall, [...childFlags('cell', { readable: [join(dataDir, 'artefacts', '*')] }), ...flags]),
      env: { ...CELL_ENVIRONMENT },
      cwd: dataDir,
      serialization: 'advanced',
      stdio,
    });
    readCellOutput([worker.stdout, worker.stderr], (text) => this.#options.log([{ level: 'error', event: 'cell_output', message: text, fields: { pid: worker.pid } }]));
    return worker;
  }

  #receive(cell: Cell, message: Exclude<FromCell, { type: 'failed' }>, serving: () => void): void {
    switch (message.type) {
      case 'serving':
        cell.isServing = true;
        this.#places?.taken(cell.slot, cell.number);
        this.#sockets.closeUnused();
        this.#expectHeartbeat(cell, HOST_LIMITS.heartbeatMsMax);
        return serving();
      case 'heartbeat':
        if (!cell.isRetired) this.#places?.report(cell.slot, message.loads ?? []);
        return this.#expectHeartbeat(cell, HOST_LIMITS.heartbeatMsMax);
      case 'binding':
        return cell.bindings.ask(message);
      case 'socket':
        return void this.#passSocket(cell, message);
      case 'log':
        return this.#options.log(message.lines);
      case 'answer':
        return this.#answer(cell, message);
      case 'catastrophe':
        this.#lostThread(message.app, message.message);
        this.#places?.review(cell.slot);
        return void this.#replace(cell, `lost a thread to ${message.app}: ${message.message}`);
      case 'worn':
        return void this.#replace(cell, message.message);
      case 'artefact_corrupt':
        return this.#options.artefactCorrupt(message.app, message.version);
      case 'drained':
        return cell.drained?.();
    }
  }

  async #passSocket(cell: Cell, { port, wanted }: SocketAsk): Promise<void> {
    if (!wanted) return this.#sockets.give(port, cell);
    try {
      const socket = await this.#sockets.take(port, cell);
      this.#send(cell, { type: 'socket', port }, socket);
    } catch (error) {
      this.#send(cell, { type: 'socket', port, error: toErrorData(error) });
    }
  }

  #lostThread(app: string, message: string): void {
    if (this.#blame.lostThread(app, performance.now())) this.#options.catastrophe(app, message);
    else this.#options.log([{ level: 'error', event: 'catastrophe', app, message }]);
  }

  #answer(cell: Cell, { call, error, stats }: Extract<FromCell, { type: 'answer' }>): void {
    const answer = cell.answers.get(call);
    cell.answers.delete(call);
    if (error === undefined) answer?.resolve(stats);
    else answer?.reject(fromErrorData(error));
  }

  #expectHeartbeat(cell: Cell, withinMs: number): void {
    clearTimeout(cell.heartbeat);
    if (!cell.isRetired) cell.heartbeat = setTimeout(() => this.#fellSilent(cell), withinMs);
  }

  #fellSilent(cell: Cell): void {
    this.#places?.left(cell.slot, cell.number);
    void this.#replace(cell, 'fell silent');
  }

  /** Starts another cell first, then ends this one: what it still answers is finished. */
  async #replace(cell: Cell, why: string): Promise<void> {
    if (cell.isRetired || this.#closing) return;
    cell.isRetired = true;
    clearTimeout(cell.heartbeat);
    this.#giveUpAnswers(cell);
    this.#logCell('warn', 'cell_replaced', cell, why);
    await this.#forkUntilServing(cell.slot, 0);
    await this.#retire(cell);
  }

  async #retire(cell: Cell): Promise<void> {
    cell.isRetired = true;
    clearTimeout(cell.heartbeat);
    this.#giveUpAnswers(cell);
    if (!this.#cells.has(cell)) return;
    const drained = new Promise<void>((resolve) => (cell.drained = resolve));
    this.#send(cell, { type: 'drain', isReplaced: !this.#closing });
    let grace: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (grace = setTimeout(resolve, this.#options.graceMs)));
    const exited = new Promise<void>((resolve) => cell.worker.once('exit', () => resolve()));
    await Promise.race([drained, over, exited]);
    clearTimeout(grace);
    // an isolate's thread may be lost, and then ordinary ways to exit crash
    cell.worker.kill('SIGKILL');
    await exited;
  }

  #exited(cell: Cell, code: number | null, signal: string | null): void {
    this.#cells.delete(cell);
    clearTimeout(cell.heartbeat);
    this.#giveUpAnswers(cell);
    cell.bindings.close();
    this.#sockets.lost(cell);
    this.#places?.left(cell.slot, cell.number);
    const inside = cell.occupancy.apps();
    cell.occupancy.close();
    if (cell.isRetired || this.#closing) return;
    const apps = isAbort(code, signal) ? inside : [];
    this.#logCell('error', 'cell_died', cell, `${signal ?? `exit ${code}`}`, { apps });
    this.#aborted(apps, cell.slot);
    if (!cell.isServing) return;
    // whoever is held back, or has turns alone, is not the host's other apps' matter
    const pauseMs = apps.length === 0 && performance.now() - cell.startedMs < YOUNG_MS ? RESTART_PAUSE_MS : 0;
    void this.#forkUntilServing(cell.slot, pauseMs);
  }

  #aborted(apps: readonly string[], slot: number): void {
    if (apps.length === 0) return;
    const nowMs = performance.now();
    const heldBack = this.#blame.aborted(apps, nowMs);
    this.#places?.review(slot);
    if (heldBack !== undefined) this.#options.catastrophe(heldBack, 'a cell died while its code ran');
    const suspects = this.#blame.suspects(nowMs);
    void this.#tellAll((call) => ({ type: 'suspect', call, suspects }));
  }

  /** A host is never left with a cell fewer: when one does not come up, the next try follows after a pause. */
  async #forkUntilServing(slot: number, firstPauseMs: number): Promise<void> {
    for (let pauseMs = firstPauseMs; !this.#closing; pauseMs = Math.min(Math.max(pauseMs * 2, RESTART_PAUSE_MS), RESTART_PAUSE_MS_MAX)) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.#closing) return;
      try {
        return await this.#fork(slot);
      } catch (error) {
        this.#options.log([{ level: 'error', event: 'cell_failed', message: error instanceof Error ? error.message : String(error) }]);
      }
    }
  }

  /** What a cell that is on its way out would have answered counts for nothing any more. */
  #giveUpAnswers(cell: Cell): void {
    for (const answer of cell.answers.values()) answer.resolve(undefined);
    cell.answers.clear();
  }

  #logCell(level: 'warn' | 'error', event: string, cell: Cell, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#options.log([{ level, event, message, fields: { pid: cell.worker.pid, ...fields } }]);
  }

  #send(cell: Cell, message: ToCell, socket?: SendHandle): void {
    if (cell.worker.connected) cell.worker.send(message, socket, () => undefined);
  }

  async #tellAll(make: (call: number) => ToCell): Promise<void> {
    await Promise.all(this.#tellEach(make));
  }

  #tellEach(make: (call: number) => ToCell): Promise<CellStats | undefined>[] {
    const live = [...this.#cells].filter(({ isRetired, worker }) => !isRetired && worker.connected);
    return live.map((cell) => this.#tell(cell, make));
  }

  #tell(cell: Cell, make: (call: number) => ToCell): Promise<CellStats | undefined> {
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      cell.answers.set(call, { resolve, reject });
      this.#send(cell, make(call));
    });
  }
}
