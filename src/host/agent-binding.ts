import { setTimeout as sleep } from 'node:timers/promises';
import type { RunDetail, RunsControl, RunView } from '../protocol/agent/control.ts';
import type { AgentAnswer, AgentBinding, AgentTask } from '../protocol/bindings/agent-binding.ts';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import { NanosError } from '../protocol/errors.ts';
import { Turns } from '../util/turns.ts';
import type { AppRun, AppRunList } from './app-run-list.ts';
import type { ServedAnswer, ServedCall } from './binding-desk.ts';
import type { TokenLedger, TokenReservation } from './token-ledger.ts';

/** Runs that are waited for at once: others wait for runs, too, and their number is bounded. */
const WATCHES_MAX = 32;
const WATCH_MS = 5_000;
/** When the agents' process can't be asked now. */
const RETRY_MS = 500;
const NEVER = new AbortController().signal;

export interface AgentBindingParts {
  runs(): RunsControl;
  readonly list: AppRunList;
  readonly ledger: TokenLedger;
}

type Call = ServedCall<AgentBinding, AgentTask>;

/** Runs of agents that apps start: hosted runs like any other, within the app's tokens, seen by the binding that started them only. */
export class AgentBindings {
  readonly #parts: AgentBindingParts;
  /** until a run is over or waits for a person; undefined: it can't be known */
  readonly #watched = new Map<string, Promise<RunDetail | undefined>>();
  /** runs that are being started, by app and binding */
  readonly #starting = new Map<string, number>();
  readonly #watches = new Turns(WATCHES_MAX);
  #isClosed = false;

  constructor(parts: AgentBindingParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#isClosed = true;
  }

  async serve(call: Call): Promise<ServedAnswer> {
    const { task } = call;
    if ('goal' in task) {
      const view = await this.#begin(call, task);
      return { value: task.method === 'start' ? answerOf({ ...view, tokens: 0 }) : answerOf(await this.#untilOver(call, view)) };
    }
    const run = this.#parts.list.get(task.runId, call.app, call.name);
    if (task.method === 'cancel') await this.#parts.runs().cancel(run.id);
    return { value: answerOf(await this.#look(run, call.tokens)) };
  }

  async #begin(call: Call, { goal, tokensMax = Infinity, wallMsMax = Infinity }: Extract<AgentTask, { method: 'run' | 'start' }>): Promise<RunView> {
    const { app, name, binding, tokens } = call;
    const leave = await this.#enter(call);
    try {
      const reservation = this.#parts.ledger.reserve(app, tokens, Math.min(binding.tokensMax, tokensMax), 1);
      const budgetsMax = { tokensMax: reservation.tokens, wallMsMax: Math.min(binding.wallMsMax, wallMsMax) };
      try {
        const view = await this.#parts.runs().start({ manifest: binding.manifest, goal, budgetsMax });
        this.#watch(this.#parts.list.add(view.id, app, name), tokens, reservation);
        return view;
      } catch (error) {
        reservation.settle(0);
        throw error;
      }
    } finally {
      leave();
    }
  }

  /** What waits for a person counts, too. */
  async #enter({ app, name, binding, tokens }: Call): Promise<() => void> {
    const { runsAtOnceMax } = binding;
    const key = `${app} ${name}`;
    const { list } = this.#parts;
    await Promise.all(list.open(app, name).map((run) => this.#update(run, tokens)));
    const starting = this.#starting.get(key) ?? 0;
    if (list.open(app, name).length + starting >= runsAtOnceMax) throw new NanosError('overloaded', `${runsAtOnceMax} runs of ${name} are under way already`, { retryAfterS: 1 });
    this.#starting.set(key, starting + 1);
    return () => {
      const left = (this.#starting.get(key) ?? 1) - 1;
      if (left === 0) this.#starting.delete(key);
      else this.#starting.set(key, left);
    };
  }

  /** Whoever gives the call up cancels the run. */
  async #untilOver({ signal, app, name, tokens }: Call, view: RunView): Promise<RunDetail> {
    const cancel = (): void => void this.#parts.runs().cancel(view.id).catch(() => undefined);
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const detail = await this.#watched.get(view.id);
      return detail ?? (await this.#look(this.#parts.list.get(view.id, app, name), tokens));
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** A run that nobody watches may have gone on meanwhile: it is one of an earlier host, or a person said how it goes on. */
  async #update(run: AppRun, tokens: TokenCap): Promise<void> {
    if (this.#watched.has(run.id)) return;
    try {
      await this.#look(run, tokens);
    } catch (error) {
      if (!(error instanceof NanosError) || error.code !== 'not_found') throw error;
      this.#parts.list.change(run, { charged: run.charged, isOpen: false });
    }
  }

  /** The run now; what it has used since the app was last charged is charged. */
  async #look(run: AppRun, tokens: TokenCap): Promise<RunDetail> {
    const detail = await this.#parts.runs().run(run.id, 0);
    if (this.#watched.has(run.id)) return detail;
    this.#charge(run, detail, tokens, undefined);
    if (isUnderWay(detail)) this.#watch(run, tokens, undefined);
    return detail;
  }

  #watch(run: AppRun, tokens: TokenCap, reservation: TokenReservation | undefined): void {
    const watched = this.#follow(run).then((detail) => {
      this.#watched.delete(run.id);
      if (detail === undefined) reservation?.settle(0);
      else this.#charge(run, detail, tokens, reservation);
      return detail;
    });
    this.#watched.set(run.id, watched);
  }

  async #follow({ id }: AppRun): Promise<RunDetail | undefined> {
    while (!this.#isClosed) {
      const endTurn = await this.#watches.take(NEVER);
      try {
        const detail = await this.#parts.runs().run(id, WATCH_MS);
        if (!isUnderWay(detail)) return detail;
      } catch (error) {
        if (!isPassing(error)) return undefined;
        await sleep(RETRY_MS, undefined, { ref: false });
      } finally {
        endTurn();
      }
    }
    return undefined;
  }

  #charge(run: AppRun, detail: RunDetail, tokens: TokenCap, reservation: TokenReservation | undefined): void {
    const used = Math.max(0, detail.tokens - run.charged);
    if (reservation === undefined) this.#parts.ledger.charge(run.app, tokens, used);
    else reservation.settle(used);
    this.#parts.list.change(run, { charged: run.charged + used, isOpen: isUnderWay(detail) || detail.status === 'waiting' || detail.status === 'uncertain' });
  }
}

/** Not so: it is over, or waits for a person. */
function isUnderWay({ status }: RunView): boolean {
  return status === 'running' || status === 'interrupted';
}

function isPassing(error: unknown): boolean {
  return error instanceof NanosError && (error.code === 'overloaded' || error.code === 'agents_restarted');
}

function answerOf({ id, status, message, tokens }: Pick<RunDetail, 'id' | 'status' | 'message' | 'tokens'>): AgentAnswer {
  return { runId: id, status, message, tokens };
}
