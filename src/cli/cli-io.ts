import type { LogEvent } from '../protocol/control.ts';
import type { RunningHost, ServeOptions } from '../protocol/serve-options.ts';

export type StartHost = (options: ServeOptions, onEvent: (event: LogEvent) => void) => Promise<RunningHost>;

export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** All that a command touches besides files and the network. */
export interface CliIo {
  /** data only: what a program reads */
  readonly stdout: TextSink;
  /** what a person reads */
  readonly stderr: TextSink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly startHost: StartHost;
  /** Asks a person for a line; undefined where nobody sits at a terminal. Resolves to undefined when the person gives up. */
  readonly askLine?: ((prompt: string) => Promise<string | undefined>) | undefined;
  /** Calls the listener at each SIGINT or SIGTERM; returns the function that ends that. */
  onStopSignal(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(status: number): void;
}
