/** What a handler of scheduled events is given. Source: developers.cloudflare.com/workers/runtime-apis/handlers/scheduled */
import { Event } from '../webapi/dom/event.ts';
import { decorateInterface } from '../webapi/webidl.ts';
import type { ExecutionContext } from './execution-context.ts';

export interface Scheduled {
  /** the pattern, as it was configured */
  readonly cron: string;
  /** ms since the epoch */
  readonly timeMs: number;
}

/** For modules. */
export class ScheduledController {
  readonly #scheduled: Scheduled;

  constructor(scheduled: Scheduled) {
    this.#scheduled = scheduled;
  }

  get cron(): string {
    return this.#scheduled.cron;
  }

  get scheduledTime(): number {
    return this.#scheduled.timeMs;
  }

  get type(): string {
    void this.#scheduled;
    return 'scheduled';
  }

  /** Accepted: an event that failed is not tried again anyway. */
  noRetry(): void {
    void this.#scheduled;
  }
}
decorateInterface('ScheduledController', ScheduledController);

/** For service-worker syntax. */
export class ScheduledEvent extends Event {
  readonly #scheduled: Scheduled;
  readonly #context: ExecutionContext;

  constructor(scheduled: Scheduled, context: ExecutionContext) {
    super('scheduled');
    this.#scheduled = scheduled;
    this.#context = context;
  }

  get cron(): string {
    return this.#scheduled.cron;
  }

  get scheduledTime(): number {
    return this.#scheduled.timeMs;
  }

  noRetry(): void {
    void this.#scheduled;
  }

  waitUntil(promise: unknown): void {
    this.#context.waitUntil(promise);
  }
}
decorateInterface('ScheduledEvent', ScheduledEvent);
