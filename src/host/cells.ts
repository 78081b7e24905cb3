/** The supervisor's side of the cells: as many as asked for, replaced when one dies, falls silent or lost an isolate's thread. */
import type { ChildProcess, SendHandle } from 'node:child_process';
import type { AppDeployment } from '../protocol/app.ts';
import type { ScheduledEvent } from '../protocol/app-call.ts';
import type { BindingAnswer, BindingAsk } from '../protocol/bindings/binding-messages.ts';
import type { AppLoad, AppRefusal, CellInit, CellLogLine, CellStats, FromCell, SocketAsk, ToCell } from '../protocol/cell-messages.ts';
import { fromErrorData, NanosError, toErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { CellAbsence } from './cell-absence.ts';
import { CellBlame, isAbort } from './cell-blame.ts';
import { CellPlaces } from './cell-places.ts';
import { CellSockets } from './cell-sockets.ts';
import { openCellOccupancy, type CellOccupancy } from './cell-occupancy.ts';
import { startCellProcess, type CellProcessOptions } from './cell-process.ts';
import type { SecondWall } from './second-wall.ts';

/** A cell that dies sooner than this after its start is followed by the next one only after a pause. */
const YOUNG_MS = 2_000;
const RESTART_PAUSE_MS = 500;
const RESTART_PAUSE_MS_MAX = 10_000;
/** The control plane does not wait longer for a cell that is stuck. */
const STATS_MS_MAX = 1_000;
/** A cell that fell silent, and says nothing for this long when it is told to end, has nothing that it could finish. */
const LAST_WORD_MS_MAX = 2 * HOST_LIMITS.heartbeatMs;
/** When the supervisor itself comes so much too late to a heartbeat's end, it stood still, and so perhaps did the whole machine: what it has not heard says nothing. */
const LATE_MS_MAX = 250;

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
  /** a new cell must serve by then; HOST_LIMITS.cellStartMsMax */
  readonly startMsMax?: number | undefined;
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

interface Answer {
  resolve(stats: CellStats | undefined): void;
  reject(error: Error): void;
  /** what it means that the cell is gone; undefined: there is nothing to do any more */
  readonly lost: NanosError | undefined;
}

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
  /** messages that came from it */
  words: number;
  isServing: boolean;
  /** its heartbeat stays away */
  isSilent: boolean;
  /** to be ended: its exit is no accident */
  isRetired: boolean;
  drained: (() => void) | undefined;
}

export class Cells {
  readonly #options: CellsOptions;
  readonly #cells = new Set<Cell>();
  readonly #blame = new CellBlame();
  readonly #sockets: CellSockets;
  readonly #absence: CellAbsence;
  /** undefined: there is one cell only */
  readonly #places: CellPlaces | undefined;
  /** by slot: the pause before the last start, where one young cell after another died */
  readonly #pausesMs = new Map<number, number>();
  #lastCell = 0;
  #lastCall = 0;
  #closing = false;

  constructor(options: CellsOptions) {
    this.#options = options;
    this.#sockets = new CellSockets(options.host);
    if (options.count > 1) this.#places = this.#openPlaces(options);
    this.#absence = new CellAbsence({
      isServed: () => [...this.#cells].some((cell) => this.#takesClients(cell)),
      sockets: () => this.#sockets.all(),
      startStandIn: () => startCellProcess('cell-stand-in', this.#processOptions),
      log: (lines) => options.log(lines),
    });
  }

  #openPlaces({ count, dataDir, wall, log }: CellsOptions): CellPlaces {
    return new CellPlaces({
      dataDir,
      count,
      group: wall.user?.gid,
      blamed: () => this.#blame.blamed(performance.now()),
      changed: (owners) => {
        this.#cells.forEach((cell) => this.#send(cell, { type: 'owners', owners }));
        this.#absence.review();
      },
      event: (event, app, fields) => log([{ level: 'info', event, app, fields }]),
    });
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, (_, slot) => this.#fork(slot)));
  }

  get serving(): number {
    return [...this.#cells].filter(({ isServing, isRetired }) => isServing && !isRetired).length;
  }

  /** The slots in which the app lives, and whether apart from apps that never cost a cell. */
  ownersOf(app: string): { slots: readonly number[]; isApart: boolean } {
    return this.#places?.ownersOf(app) ?? { slots: [0], isApart: false };
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

  /**
   * One cell runs the app's handler: where the app lives, if a cell serves there, and nowhere else if the app lives apart. Rejects with what went wrong:
   * `overloaded` when no such cell serves, `app_restarted` when the cell died of whatever it was.
   */
  async scheduled(app: string, event: ScheduledEvent): Promise<void> {
    const serving = [...this.#cells].filter(({ isServing, isRetired, worker }) => isServing && !isRetired && worker.connected);
    const { slots, isApart } = this.ownersOf(app);
    const cell = serving.find(({ slot }) => slot === slots[0]) ?? (isApart ? undefined : serving[0]);
    if (cell === undefined) throw new NanosError('overloaded', 'No cell serves the app at the moment', { retryAfterS: 1 });
    await this.#tell(cell, (call) => ({ type: 'scheduled', call, app, event }), new NanosError('app_restarted', 'The cell died while it ran the scheduled handler'));
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
    this.#absence.close();
    this.#sockets.closeAll();
    this.#places?.close();
    await Promise.all([...this.#cells].map((cell) => this.#retire(cell)));
  }

  /** Resolves when a cell serves there; rejects, and leaves none behind, when it ends before or takes too long. */
  #fork(slot: number): Promise<void> {
    const cell = this.#open(slot);
    const { worker } = cell;
    this.#cells.add(cell);
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        if (cell.isServing && !cell.isRetired) return void this.#replace(cell, error.message);
        cell.isRetired = true;
        clearTimeout(cell.heartbeat);
        worker.kill('SIGKILL');
        // what never was a process does not exit
        if (worker.pid === undefined) this.#exited(cell, null, null);
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
      const { startMsMax = HOST_LIMITS.cellStartMsMax } = this.#options;
      cell.heartbeat = setTimeout(() => failed(new NanosError('internal', `A cell did not serve within ${startMsMax / 1_000} s of its start`)), startMsMax);
    });
  }

  #open(slot: number): Cell {
    const occupancy = openCellOccupancy(this.#options.temporary);
    const { flags } = this.#options;
    const worker = startCellProcess('cell', { ...this.#processOptions, flags, occupancyFd: occupancy.fd });
    const bindings = this.#options.bindings((answer) => this.#send(cell, answer));
    const cell: Cell = { number: ++this.#lastCell, slot, worker, startedMs: performance.now(), answers: new Map(), bindings, occupancy, heartbeat: undefined, words: 0, isServing: false, isSilent: false, isRetired: false, drained: undefined };
    return cell;
  }

  get #processOptions(): CellProcessOptions {
    const { dataDir, wall, log } = this.#options;
    return { dataDir, wall, output: (text, pid) => log([{ level: 'error', event: 'cell_output', message: text, fields: { pid } }]) };
  }

  #takesClients({ slot, isServing, isSilent, drained }: Cell): boolean {
    return isServing && !isSilent && drained === undefined && this.#places?.isOpen(slot) !== false;
  }

  #receive(cell: Cell, message: Exclude<FromCell, { type: 'failed' }>, serving: () => void): void {
    cell.words++;
    switch (message.type) {
      case 'serving':
        cell.isServing = true;
        this.#absence.review();
        this.#places?.taken(cell.slot, cell.number);
        this.#sockets.closeUnused();
        this.#expectHeartbeat(cell, HOST_LIMITS.heartbeatMsMax);
        return serving();
      case 'heartbeat':
        return this.#beat(cell, message.loads ?? []);
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

  #beat(cell: Cell, loads: readonly AppLoad[]): void {
    if (!cell.isRetired) this.#places?.report(cell.slot, loads);
    if (cell.isSilent) {
      cell.isSilent = false;
      this.#absence.review();
    }
    this.#expectHeartbeat(cell, HOST_LIMITS.heartbeatMsMax);
  }

  #expectHeartbeat(cell: Cell, withinMs: number): void {
    clearTimeout(cell.heartbeat);
    if (cell.isRetired) return;
    const dueMs = performance.now() + withinMs;
    cell.heartbeat = setTimeout(() => {
      if (performance.now() - dueMs > LATE_MS_MAX) this.#expectHeartbeat(cell, LAST_WORD_MS_MAX);
      else this.#fellSilent(cell);
    }, withinMs);
  }

  #fellSilent(cell: Cell): void {
    cell.isSilent = true;
    this.#absence.review();
    this.#places?.left(cell.slot, cell.number);
    void this.#replace(cell, 'fell silent');
  }

  /** Starts another cell first, then ends this one: what it still answers is finished. */
  async #replace(cell: Cell, why: string): Promise<void> {
    if (cell.isRetired || this.#closing) return;
    cell.isRetired = true;
    clearTimeout(cell.heartbeat);
    this.#giveUpAnswers(cell, { isGone: false });
    this.#logCell('warn', 'cell_replaced', cell, why);
    const next = this.#forkUntilServing(cell.slot, 0);
    if (cell.isSilent) await atMost(HOST_LIMITS.cellWaitMsMax, next);
    // one that does work, or works again, is of more use than none
    if (!cell.isSilent) await next;
    await this.#retire(cell);
  }

  async #retire(cell: Cell): Promise<void> {
    cell.isRetired = true;
    clearTimeout(cell.heartbeat);
    this.#giveUpAnswers(cell, { isGone: false });
    if (!this.#cells.has(cell) || cell.worker.pid === undefined) return;
    const exited = new Promise<void>((resolve) => cell.worker.once('exit', () => resolve()));
    if (cell.isServing) await this.#drain(cell, exited);
    // an isolate's thread may be lost, and then ordinary ways to exit crash
    cell.worker.kill('SIGKILL');
    await exited;
  }

  /** Lets it finish what it has, within the grace, as long as it shows that it can. */
  async #drain(cell: Cell, exited: Promise<void>): Promise<void> {
    let isOver = false;
    const drained = new Promise<void>((resolve) => (cell.drained = resolve));
    const end = Promise.race([drained, exited]).then(() => (isOver = true));
    this.#absence.review();
    this.#send(cell, { type: 'drain', isReplaced: !this.#closing });
    const silenceMsMax = cell.isSilent ? LAST_WORD_MS_MAX : HOST_LIMITS.heartbeatMsMax;
    for (let words = -1, leftMs = this.#options.graceMs; !isOver && leftMs > 0 && words !== cell.words; leftMs -= silenceMsMax) {
      ({ words } = cell);
      await atMost(Math.min(silenceMsMax, leftMs), end);
    }
  }

  #exited(cell: Cell, code: number | null, signal: string | null): void {
    if (!this.#cells.delete(cell)) return;
    clearTimeout(cell.heartbeat);
    this.#giveUpAnswers(cell, { isGone: true });
    cell.bindings.close();
    this.#absence.review();
    this.#sockets.lost(cell);
    this.#places?.left(cell.slot, cell.number);
    const inside = cell.occupancy.apps();
    cell.occupancy.close();
    if (cell.isRetired || this.#closing) return;
    const apps = isAbort(code, signal) ? inside : [];
    this.#logCell('error', 'cell_died', cell, `${signal ?? `exit ${code}`}`, { apps });
    this.#aborted(apps, cell.slot);
    if (!cell.isServing) return;
    void this.#forkUntilServing(cell.slot, this.#pauseAfter(cell, apps));
  }

  /** Whoever is held back, or has turns alone, is not the host's other apps' matter. */
  #pauseAfter({ slot, startedMs }: Cell, apps: readonly string[]): number {
    const isYoung = apps.length === 0 && performance.now() - startedMs < YOUNG_MS;
    const pauseMs = isYoung ? longer(this.#pausesMs.get(slot) ?? 0) : 0;
    this.#pausesMs.set(slot, pauseMs);
    return pauseMs;
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
    for (let pauseMs = firstPauseMs; !this.#closing; pauseMs = longer(pauseMs)) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.#closing) return;
      try {
        return await this.#fork(slot);
      } catch (error) {
        this.#options.log([{ level: 'error', event: 'cell_failed', message: error instanceof Error ? error.message : String(error), fields: { slot } }]);
      }
    }
  }

  /** What a cell that is on its way out would have answered counts for nothing any more, but for handlers: those it finishes until it is gone. */
  #giveUpAnswers({ answers }: Cell, { isGone }: { isGone: boolean }): void {
    for (const [call, { resolve, reject, lost }] of answers) {
      if (lost !== undefined && !isGone) continue;
      answers.delete(call);
      if (lost === undefined) resolve(undefined);
      else reject(lost);
    }
  }

  #logCell(level: 'warn' | 'error', event: string, cell: Cell, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#options.log([{ level, event, message, fields: { pid: cell.worker.pid, slot: cell.slot, ...fields } }]);
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

  #tell(cell: Cell, make: (call: number) => ToCell, lost?: NanosError): Promise<CellStats | undefined> {
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      cell.answers.set(call, { resolve, reject, lost });
      this.#send(cell, make(call));
    });
  }
}

function longer(pauseMs: number): number {
  return Math.min(Math.max(pauseMs * 2, RESTART_PAUSE_MS), RESTART_PAUSE_MS_MAX);
}

/** Resolves with `end`, at the latest after that time. */
async function atMost(ms: number, end: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([end, over]);
  clearTimeout(timer);
}
