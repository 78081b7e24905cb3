import type { BenchScope } from '../bench-scope.ts';
import type { AgentBenchSize } from './agent-bench-size.ts';
import type { SecureExec } from './peers/install-secure-exec.ts';
import type { AgentFigure } from './report/agent-figure.ts';

/** What the sections of the agents' bench share. */
export interface AgentBenchRun {
  readonly scope: BenchScope;
  readonly size: AgentBenchSize;
  /** undefined: not to be had, nothing stands beside nanos where it would */
  readonly secureExec: SecureExec | undefined;
  /** progress, for people */
  say(text: string): void;
  /** one line of what was done, for the report */
  note(text: string): void;
}

export type AgentBenchSection = (run: AgentBenchRun) => Promise<AgentFigure[]>;
