/** Fires cron triggers: once a host, at the beginning of each minute. Minutes in which the process did not run are not made up for. */
import { parseCron, type CronSchedule } from '../policy/cron.ts';

const MINUTE_MS = 60_000;

export interface ScheduledApp {
  readonly app: string;
  readonly crons: readonly string[];
}

export interface CronClockOptions {
  /** those that serve now */
  apps(): readonly ScheduledApp[];
  fire(app: string, cron: string, timeMs: number): void;
  nowMs(): number;
  /** Returns what cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

export class CronClock {
  readonly #options: CronClockOptions;
  readonly #schedules = new Map<string, CronSchedule>();
  #lastMinuteMs: number;
  #cancel: () => void;

  constructor(options: CronClockOptions) {
    this.#options = options;
    this.#lastMinuteMs = minuteOf(options.nowMs());
    this.#cancel = this.#wait();
  }

  close(): void {
    this.#cancel();
  }

  #wait(): () => void {
    const nowMs = this.#options.nowMs();
    return this.#options.after(minuteOf(nowMs) + MINUTE_MS - nowMs, () => {
      this.#cancel = this.#wait();
      this.#tick(minuteOf(this.#options.nowMs()));
    });
  }

  /** A timer may come early or twice: a minute is looked at once. */
  #tick(minuteMs: number): void {
    if (minuteMs <= this.#lastMinuteMs) return;
    this.#lastMinuteMs = minuteMs;
    const wanted = new Set<string>();
    for (const { app, crons } of this.#options.apps()) {
      for (const cron of new Set(crons)) {
        wanted.add(cron);
        if (this.#scheduleOf(cron).isDue(minuteMs)) this.#options.fire(app, cron, minuteMs);
      }
    }
    for (const cron of this.#schedules.keys()) if (!wanted.has(cron)) this.#schedules.delete(cron);
  }

  #scheduleOf(cron: string): CronSchedule {
    let schedule = this.#schedules.get(cron);
    if (schedule === undefined) this.#schedules.set(cron, (schedule = parseCron(cron)));
    return schedule;
  }
}

function minuteOf(timeMs: number): number {
  return timeMs - (timeMs % MINUTE_MS);
}
