import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Nanos } from './start-nanos.ts';

const LANES = 8;

/** GETs without end to one app, half of them on connections of their own, half on kept ones. */
export class ConstantLoad {
  static readonly lanes = LANES;
  readonly #nanos: Nanos;
  readonly #app: string;
  readonly #path: string;
  readonly #agents: Agent[] = [];
  readonly #runs: Promise<void>[];
  readonly #failures: string[] = [];
  readonly #unusual: string[] = [];
  #answers = 0;
  #ended = false;

  constructor(nanos: Nanos, app: string, path: string) {
    this.#nanos = nanos;
    this.#app = app;
    this.#path = path;
    this.#runs = Array.from({ length: LANES }, (_, lane) => this.#run(lane % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined));
  }

  async #run(agent: Agent | undefined): Promise<void> {
    if (agent !== undefined) this.#agents.push(agent);
    while (!this.#ended) {
      try {
        const { status, text } = await this.#nanos.request(this.#app, this.#path, agent === undefined ? {} : { agent });
        if (status !== 200) this.#unusual.push(`${status} ${text}`);
        this.#answers++;
      } catch (error) {
        this.#failures.push((error as NodeJS.ErrnoException).code ?? String(error));
      }
    }
  }

  /** Resolves after that many more answers. */
  async answered(count: number): Promise<void> {
    const until = this.#answers + count;
    while (this.#answers < until && !this.#ended) await sleep(10);
  }

  /** `failures`: codes of connections that failed · `unusual`: answers other than 200. */
  async end(): Promise<{ failures: readonly string[]; unusual: readonly string[] }> {
    this.#ended = true;
    await Promise.all(this.#runs);
    for (const agent of this.#agents) agent.destroy();
    return { failures: this.#failures, unusual: this.#unusual };
  }
}
