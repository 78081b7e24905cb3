import { LogLimiter } from '../apps/run/log-limiter.ts';
import { readTextSection, SOURCE_MAP_SECTION } from '../agents/compile/agent-sections.ts';
import { createMapStack, type MapStack } from '../agents/compile/map-agent-stack.ts';
import type { RunWatcher } from '../agents/run/run-environment.ts';
import type { AgentLogLine } from '../protocol/agent/messages.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import type { SecretMask } from '../util/secret-mask.ts';

export interface AgentVoiceOptions {
  readonly agent: string;
  readonly mask: SecretMask;
  /** the module, for its source map */
  readonly moduleBytes: () => Uint8Array;
  readonly log: (line: AgentLogLine) => void;
}

/** What one run says, on its way to the log: with places in its sources, without secrets, and no more of it than the log takes. */
export class AgentVoice implements RunWatcher {
  /** of the run, once it is on record */
  id = '';
  readonly #options: AgentVoiceOptions;
  readonly #limiter = new LogLimiter(performance.now());
  #mapStack: MapStack | undefined;

  constructor(options: AgentVoiceOptions) {
    this.#options = options;
  }

  log(level: Parameters<RunWatcher['log']>[0], text: string): void {
    const isError = level === 'error' || level === 'fatal';
    const message = this.#limiter.admit(isError ? this.#mapped(text) : text, performance.now(), this.#options.mask);
    if (message === undefined) return;
    const lines = this.#limiter.takeDropped();
    if (lines > 0) this.#log({ level: 'warn', event: 'log_dropped', fields: { lines } });
    this.#log({ level: level === 'fatal' ? 'error' : level, event: 'console', message });
  }

  denied({ syscall, asked, rule }: Parameters<RunWatcher['denied']>[0]): void {
    this.#log({ level: 'warn', event: 'agent_denied', message: this.#shown(asked), fields: { syscall, rule: this.#shown(rule) } });
  }

  /** What the operator does not grant. */
  cut(message: string): void {
    this.#log({ level: 'warn', event: 'agent_cut', message });
  }

  rest(): void {
    // what a run has done is in its journal
  }

  /** Its last word. */
  last(message: string): string {
    return this.#shown(this.#mapped(message));
  }

  #mapped(text: string): string {
    this.#mapStack ??= createMapStack(readTextSection(this.#options.moduleBytes(), SOURCE_MAP_SECTION));
    return this.#mapStack(text);
  }

  #shown(text: string): string {
    const { logLineBytesMax } = HOST_LIMITS;
    return this.#options.mask.text(text.slice(0, 2 * logLineBytesMax)).slice(0, logLineBytesMax);
  }

  #log(line: AgentLogLine): void {
    this.#options.log({ ...line, agent: this.#options.agent, ...(this.id === '' ? {} : { run_id: this.id }) });
  }
}
