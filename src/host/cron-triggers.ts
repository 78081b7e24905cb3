/** Cron triggers of the apps that serve, and those that an operator fires by hand. */
import type { ScheduledEvent } from '../protocol/app-call.ts';
import { NanosError } from '../protocol/errors.ts';
import type { AppRecord } from './app-record.ts';
import { CronClock } from './cron-clock.ts';

export interface CronTriggersOptions {
  records(): readonly AppRecord[];
  run(app: string, event: ScheduledEvent): Promise<void>;
  event(level: 'info' | 'warn', event: string, app: string, fields: Readonly<Record<string, unknown>>): void;
}

export class CronTriggers {
  readonly #options: CronTriggersOptions;
  readonly #clock: CronClock;

  constructor(options: CronTriggersOptions) {
    this.#options = options;
    this.#clock = new CronClock({
      apps: () => options.records().filter(({ deployment }) => deployment !== undefined).map(({ name, config }) => ({ app: name, crons: config.crons })),
      fire: (app, cron, timeMs) => void this.#fire(app, { cron, timeMs }),
      nowMs: Date.now,
      after(delayMs, action) {
        const timer = setTimeout(action, delayMs).unref();
        return () => clearTimeout(timer);
      },
    });
  }

  close(): void {
    this.#clock.close();
  }

  /** Runs the app's handler now; any pattern will do. Rejects with what went wrong. */
  async trigger(app: string, event: ScheduledEvent): Promise<void> {
    const record = this.#options.records().find(({ name }) => name === app);
    if (record === undefined) throw new NanosError('not_found', `There is no app ${app}`);
    if (record.deployment === undefined) throw new NanosError('app_failed_to_start', `${app} has no version that serves`);
    if (!record.deployment.artefact.handlers.includes('scheduled')) throw new NanosError('bad_request', `${app} has no handler for scheduled events: export default { scheduled }`);
    await this.#options.run(app, event);
    this.#options.event('info', 'scheduled_done', app, { cron: event.cron });
  }

  async #fire(app: string, event: ScheduledEvent): Promise<void> {
    try {
      await this.trigger(app, event);
    } catch (error) {
      const code = error instanceof NanosError ? error.code : 'internal';
      this.#options.event('warn', 'scheduled_failed', app, { cron: event.cron, code, message: error instanceof Error ? error.message : String(error) });
    }
  }
}
