import type { ServerResponse } from 'node:http';
import type { LogEvent } from '../../protocol/control.ts';

export interface LogStreamLimits {
  /** events that wait for the client to read them */
  readonly waitingBytesMax: number;
  readonly heartbeatMs: number;
  /** a client that was dropped has this long to read the rest */
  readonly lingerMsMax: number;
}

const DEFAULT_LIMITS: LogStreamLimits = { waitingBytesMax: 1024 * 1024, heartbeatMs: 15_000, lingerMsMax: 10_000 };

/**
 * Log events as server-sent events (HTML standard, 9.2) to one client. A client that reads slower than events come is dropped, after an
 * event `dropped` that says so; comments keep an idle connection open.
 */
export class LogStream {
  readonly #response: ServerResponse;
  readonly #limits: LogStreamLimits;
  readonly #heartbeat: NodeJS.Timeout;
  #linger: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(response: ServerResponse, limits: LogStreamLimits = DEFAULT_LIMITS) {
    this.#response = response;
    this.#limits = limits;
    this.#heartbeat = setInterval(() => this.#write(': heartbeat\n\n'), limits.heartbeatMs);
  }

  send(event: LogEvent): void {
    // JSON has no raw line ends, so one data line carries it.
    this.#write(`data: ${JSON.stringify(event)}\n\n`);
  }

  close(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#linger);
  }

  #write(text: string): void {
    if (this.#ended) return;
    if (this.#response.writableLength > this.#limits.waitingBytesMax) this.#drop();
    else this.#response.write(text);
  }

  #drop(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#response.end('event: dropped\ndata: {"reason":"The client read too slowly, and events were lost from here on"}\n\n');
    this.#linger = setTimeout(() => this.#response.destroy(), this.#limits.lingerMsMax);
  }
}
