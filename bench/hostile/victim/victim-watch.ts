import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchScope, StartedProcess } from '../../bench-scope.ts';
import type { ToLoad, VictimFigures, VictimTarget } from './load-messages.ts';

/** Constant load on a well-behaved app, from a process of its own. */
export class VictimWatch {
  readonly #load: StartedProcess;

  constructor(scope: BenchScope, target: VictimTarget) {
    this.#load = scope.start(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('victim-load.ts', import.meta.url))], ['ignore', 'ignore', 'pipe', 'ipc']);
    this.#send({ type: 'start', target });
  }

  /** What happened since the last time. */
  async read(): Promise<VictimFigures> {
    const answer = once(this.#load.child, 'message') as Promise<[VictimFigures]>;
    this.#send({ type: 'read' });
    const [figures] = await answer;
    return figures;
  }

  async stop(): Promise<void> {
    await this.#load.stop();
  }

  #send(message: ToLoad): void {
    this.#load.child.send(message);
  }
}
