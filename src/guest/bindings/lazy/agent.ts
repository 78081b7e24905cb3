/** `env.NAME` of a binding of type `agent`: docs/bindings.md. Every method resolves to `{ runId, status, message, tokens }`. */
import { callBinding } from './call-binding.ts';

interface RunOptions {
  readonly tokens?: unknown;
  readonly timeoutMs?: unknown;
  readonly signal?: unknown;
}

export class Agent {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Once the run is over, or waits for a person. It is cancelled with the request, and by `options.signal`. */
  async run(goal: unknown, options: unknown = undefined): Promise<unknown> {
    const { tokens, timeoutMs, signal } = { ...(options as RunOptions) };
    return callBinding({ method: 'agent.run', name: this.#name, argument: { goal, tokens, timeoutMs }, signal });
  }

  /** At once; the run goes on without the request. */
  async start(goal: unknown, options: unknown = undefined): Promise<unknown> {
    const { tokens, timeoutMs } = { ...(options as RunOptions) };
    return callBinding({ method: 'agent.start', name: this.#name, argument: { goal, tokens, timeoutMs } });
  }

  /** A run that this binding of this app has started. */
  async get(runId: unknown): Promise<unknown> {
    return callBinding({ method: 'agent.get', name: this.#name, argument: { runId } });
  }

  /** The same. A run that is over stays as it is. */
  async cancel(runId: unknown): Promise<unknown> {
    return callBinding({ method: 'agent.cancel', name: this.#name, argument: { runId } });
  }
}
