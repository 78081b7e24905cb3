import { Worker } from 'node:worker_threads';
import type { AgentsInit, FromThread, ToThread } from '../protocol/agent/messages.ts';
import { ownFile } from '../util/own-file.ts';

/** Guests may call 3 MB deep, which is counted; V8's own limit stands above that. */
const STACK_MB = 4;

export interface AgentThreadEvents {
  told(thread: AgentThread, message: Exclude<FromThread, { type: 'heartbeat' }>): void;
  /** it ended by itself, with all its runs */
  died(thread: AgentThread, message: string): void;
}

/** A thread of the agents' process, as the process sees it. */
export class AgentThread {
  /** ids of the runs in it, and numbers of calls that begin one */
  readonly runs = new Set<string | number>();
  readonly #worker: Worker;
  #heardMs = performance.now();

  constructor(init: AgentsInit, events: AgentThreadEvents) {
    // It has the permissions of the process only as long as it gets no execArgv of its own.
    this.#worker = new Worker(ownFile('agents-worker', import.meta.url), { workerData: init, env: {}, resourceLimits: { stackSizeMb: STACK_MB } });
    let died = 'it ended';
    this.#worker.on('error', (error) => (died = error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', () => events.died(this, died));
    this.#worker.on('message', (message: FromThread) => {
      this.#heardMs = performance.now();
      if (message.type !== 'heartbeat') events.told(this, message);
    });
  }

  /** A thread that computes says nothing. */
  get silentMs(): number {
    return performance.now() - this.#heardMs;
  }

  send(message: ToThread): void {
    this.#worker.postMessage(message, []);
  }
}
