import type { LogEvent } from '../protocol/control.ts';

const SAY_MS = 2_000;

/** Tells the person at the terminal how a start with many builds goes: nothing else is to be seen for as long as they take. */
export class StartProgress {
  readonly #say: (text: string) => void;
  readonly #nowMs: () => number;
  #building = 0;
  #built = 0;
  #saidMs: number;

  constructor(say: (text: string) => void, nowMs: () => number = () => performance.now()) {
    this.#say = say;
    this.#nowMs = nowMs;
    this.#saidMs = nowMs();
  }

  note({ event, apps }: LogEvent): void {
    if (event === 'apps_building' && typeof apps === 'number') this.#building = apps;
    if (this.#building === 0 || (event !== 'app_serving' && event !== 'app_build_failed')) return;
    this.#built++;
    if (this.#nowMs() - this.#saidMs < SAY_MS) return;
    this.#saidMs = this.#nowMs();
    this.#say(`nanos: ${this.#built} of ${this.#building} apps are built\n`);
  }
}
