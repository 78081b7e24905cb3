import pino from 'pino';
import type { LogEvent, LogFilter } from '../protocol/control.ts';
import { SecretMask } from '../util/secret-mask.ts';
import type { LogOutput } from './log-output.ts';

export interface LogHubLimits {
  /** events kept in memory for those who ask later */
  readonly eventsMax: number;
  readonly bytesMax: number;
}

interface KeptEvent {
  readonly event: LogEvent;
  readonly bytes: number;
}

interface Follower {
  readonly filter: LogFilter;
  readonly listener: (event: LogEvent) => void;
}

const DEFAULT_LIMITS: LogHubLimits = { eventsMax: 10_000, bytesMax: 8 * 1024 * 1024 };

/**
 * Where every log event of the host passes: one JSON line each to the output, the last ones kept in memory, and whoever follows is told.
 * Never waits: an output that doesn't keep up loses lines, not time.
 */
export class LogHub {
  readonly #output: LogOutput;
  readonly #limits: LogHubLimits;
  readonly #logger: pino.Logger;
  readonly #followers = new Set<Follower>();
  #mask = new SecretMask([]);
  #kept: KeptEvent[] = [];
  #keptFrom = 0;
  #keptBytes = 0;
  #lineBytes = 0;

  constructor(output: LogOutput, limits: LogHubLimits = DEFAULT_LIMITS) {
    this.#output = output;
    this.#limits = limits;
    this.#logger = pino(
      { level: 'debug', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
      { write: (line) => this.#writeLine(line) },
    );
  }

  /** From now on these, and no others, are masked in the texts of every event, whatever it came from. */
  hide(values: Iterable<string>): void {
    this.#mask = new SecretMask(values);
  }

  write(written: LogEvent): void {
    const event = maskTexts(written, this.#mask);
    const { level, ...fields } = event;
    this.#logger[level](fields);
    this.#keep({ event, bytes: this.#lineBytes });
    for (const follower of this.#followers) {
      if (matches(event, follower.filter)) follower.listener(event);
    }
  }

  /** The last `count` events that match, oldest first. */
  recent(filter: LogFilter, count: number): LogEvent[] {
    const found: LogEvent[] = [];
    for (let index = this.#kept.length - 1; index >= this.#keptFrom && found.length < count; index--) {
      const kept = this.#kept[index];
      if (kept !== undefined && matches(kept.event, filter)) found.push(kept.event);
    }
    return found.toReversed();
  }

  /** Returns the function that ends the subscription. The listener must neither throw nor wait. */
  follow(filter: LogFilter, listener: (event: LogEvent) => void): () => void {
    const follower = { filter, listener };
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Resolves when all lines are out, or after `waitMsMax` when the output doesn't take them. */
  async flush(waitMsMax = 1_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMsMax);
    });
    await Promise.race([this.#output.flush(), late]);
    clearTimeout(timer);
  }

  /** JSON leaves the control characters above ASCII raw, and a terminal may obey those in a tenant's output. */
  #writeLine(written: string): void {
    const line = written.replace(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
    this.#lineBytes = line.length;
    this.#output.write(line);
  }

  #keep(kept: KeptEvent): void {
    this.#kept.push(kept);
    this.#keptBytes += kept.bytes;
    while (this.#kept.length - this.#keptFrom > this.#limits.eventsMax || this.#keptBytes > this.#limits.bytesMax) {
      this.#keptBytes -= this.#kept[this.#keptFrom]?.bytes ?? 0;
      this.#keptFrom++;
    }
    // Moving the rest down once per `eventsMax` dropped events keeps the cost of an event constant.
    if (this.#keptFrom > this.#limits.eventsMax) {
      this.#kept = this.#kept.slice(this.#keptFrom);
      this.#keptFrom = 0;
    }
  }
}

/** Not in the fields by which events are found; what is nested are positions in files. */
function maskTexts({ time, level, event, app, request_id, ...fields }: LogEvent, mask: SecretMask): LogEvent {
  const masked = Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? mask.text(value) : value] as const);
  return { time, level, event, app, request_id, ...Object.fromEntries(masked) };
}

function matches(event: LogEvent, filter: LogFilter): boolean {
  return filter.app === undefined || event.app === filter.app;
}
