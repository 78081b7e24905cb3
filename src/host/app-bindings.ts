import { join } from 'node:path';
import type { RunsControl } from '../protocol/agent/control.ts';
import type { BindingAnswer } from '../protocol/bindings/binding-messages.ts';
import { AgentBindings } from './agent-binding.ts';
import { AppRunList } from './app-run-list.ts';
import { BindingDesk, type BindingDeskParts, type ServedAnswer, type ServedCall } from './binding-desk.ts';
import type { CellBindings } from './cells.ts';
import { LlmBindings, type LlmBindingParts } from './llm-binding.ts';
import { TokenLedger } from './token-ledger.ts';

const NOTE_MS = 1_000;

export interface AppBindingsParts extends Omit<LlmBindingParts, 'ledger'> {
  readonly dataDir: string;
  readonly grantsOf: BindingDeskParts['grantsOf'];
  event(level: 'warn', event: string, app: string, fields: Readonly<Record<string, unknown>>): void;
  runs(): RunsControl;
}

/** What stands behind the bindings of all apps, in the supervisor. */
export class AppBindings {
  readonly #ledger: TokenLedger;
  readonly #list: AppRunList;
  readonly #llm: LlmBindings;
  readonly #agents: AgentBindings;
  readonly #desk: BindingDesk;
  /** when a failure of an app's calls was last logged, on the process clock */
  readonly #notedMs = new Map<string, number>();

  private constructor({ grantsOf, event, runs, models, secret }: AppBindingsParts, ledger: TokenLedger, list: AppRunList) {
    this.#ledger = ledger;
    this.#list = list;
    this.#llm = new LlmBindings({ models, ledger, secret });
    this.#agents = new AgentBindings({ runs, list, ledger });
    this.#desk = new BindingDesk({
      grantsOf,
      failed: (app, binding, { code, message }) => this.#noteFailure(app, () => event('warn', 'binding_failed', app, { binding, code, message })),
      serve: (call) => this.#serve(call),
    });
  }

  /** Throws `config_invalid` when a file of the data directory is damaged. */
  static async open(parts: AppBindingsParts): Promise<AppBindings> {
    const ledger = await TokenLedger.open(join(parts.dataDir, 'app-tokens.json'));
    return new AppBindings(parts, ledger, await AppRunList.open(join(parts.dataDir, 'app-runs.json')));
  }

  connect(answer: (answer: BindingAnswer) => void): CellBindings {
    return this.#desk.connect(answer);
  }

  async close(): Promise<void> {
    this.#agents.close();
    await Promise.all([this.#ledger.close(), this.#list.close()]);
  }

  /** An app that tries again and again does not fill the log. */
  #noteFailure(app: string, note: () => void): void {
    const nowMs = performance.now();
    if (nowMs - (this.#notedMs.get(app) ?? -Infinity) < NOTE_MS) return;
    this.#notedMs.set(app, nowMs);
    note();
  }

  /** Every kind of binding that needs more than a cell. */
  #serve({ binding, task, ...rest }: ServedCall): Promise<ServedAnswer> {
    if (binding.type === 'llm' && task.kind === 'llm') return this.#llm.serve({ ...rest, binding, task });
    if (binding.type === 'agent' && task.kind === 'agent') return this.#agents.serve({ ...rest, binding, task });
    throw new Error(`A call of ${task.kind} to a binding of type ${binding.type}`);
  }
}
