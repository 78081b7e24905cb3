import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup, Nanos } from './start-nanos.ts';

const LANES = 8;
/** A host that refuses connections is not asked without a pause. */
const PAUSE_MS = 20;

/** What came of it. `failures`: codes of connections that failed · `unusual`: answers other than 200. */
export interface LoadEnd {
  readonly failures: readonly string[];
  readonly unusual: readonly string[];
}

/** GETs to one app, half of them on connections of their own, half on kept ones, until `end` or the test's end. */
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
  #isHostGone = false;

  constructor(cleanup: Cleanup, nanos: Nanos, app: string, path: string) {
    this.#nanos = nanos;
    this.#app = app;
    this.#path = path;
    void nanos.exited.then(() => (this.#isHostGone = true));
    this.#runs = Array.from({ length: LANES }, (_, lane) => this.#run(lane % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined));
    // what is under way then ends with the host
    cleanup.after(() => void (this.#ended = true));
  }

  async #run(agent: Agent | undefined): Promise<void> {
    if (agent !== undefined) this.#agents.push(agent);
    while (!this.#ended && !this.#isHostGone) {
      try {
        const { status, text } = await this.#nanos.request(this.#app, this.#path, agent === undefined ? {} : { agent });
        if (status !== 200) this.#unusual.push(`${status} ${text}`);
        this.#answers++;
      } catch (error) {
        this.#failures.push((error as NodeJS.ErrnoException).code ?? String(error));
        await sleep(PAUSE_MS);
      }
    }
  }

  /** Resolves after that many more answers. Rejects when the host has ended, for none will come. */
  async answered(count: number): Promise<void> {
    const until = this.#answers + count;
    while (this.#answers < until) {
      assert.ok(!this.#isHostGone, `The host ended under load, ${until - this.#answers} of ${count} answers too soon`);
      assert.ok(!this.#ended, 'The load has ended');
      await sleep(10);
    }
  }

  /** Resolves when the last request is over. */
  async end(): Promise<LoadEnd> {
    this.#ended = true;
    await Promise.all(this.#runs);
    for (const agent of this.#agents) agent.destroy();
    return { failures: this.#failures, unusual: this.#unusual };
  }
}
