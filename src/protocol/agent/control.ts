/** Runs of agents as the control plane shows them, and what its HTTP front asks of the host about them: docs/control-api.md. */
import type { AgentBudgets } from './manifest.ts';
import type { JournalEntry, RunEnd } from './recording.ts';

/** `interrupted`: the host will go on with it, or a person may · `waiting`: for a person's word about calls · `unreadable`: its recording can't be read, `message` says why */
export type RunState = RunEnd | 'running' | 'interrupted' | 'unreadable';

export interface RunView {
  readonly id: string;
  /** name in its manifest */
  readonly agent: string;
  readonly status: RunState;
  /** what `done` said, or what went wrong */
  readonly message: string;
  readonly steps: number;
  /** ISO 8601 */
  readonly started_at: string;
  /** of its recording, on disk */
  readonly bytes: number;
  readonly fork?: { readonly run: string; readonly step: number } | undefined;
}

export interface RunDetail extends RunView {
  readonly goal: string;
  /** charged instructions until the last rest, decimal */
  readonly fuel: string;
  readonly tokens: number;
  /** of its journal, which are its events */
  readonly entries: number;
  /** names of syscalls without a reply at the last rest */
  readonly pending: readonly string[];
  /** calls that wait for a person's word */
  readonly approvals: readonly PendingApproval[];
}

/** A call that waits for a person's word. What the agent wrote is a stranger's text, and may be cut: the sizes say of how much. */
export interface PendingApproval {
  /** its number in the run */
  readonly call: number;
  /** that must be approved */
  readonly tool: string;
  readonly syscall: string;
  /** JSON */
  readonly arguments: string;
  readonly arguments_bytes: number;
  /** what follows the arguments: the content of a file, the body of a request */
  readonly body?: { readonly bytes: number; readonly text: string } | undefined;
}

/** A person's word about a waiting call. */
export interface ApprovalRequest {
  readonly decision: 'approve' | 'deny' | 'edit';
  /** of a denial; the agent is told */
  readonly reason?: string | undefined;
  /** of an edit, in place of the agent's; the other one stays when only one is given */
  readonly arguments?: unknown;
  readonly body?: string | Uint8Array | undefined;
}

export interface ApprovalWord {
  readonly request: ApprovalRequest;
  /** of the token */
  readonly scope: string;
}

export interface RunFilter {
  readonly limit: number;
  /** the id of a run: only older ones */
  readonly before?: string | undefined;
  readonly status?: string | undefined;
}

export interface RunPage {
  readonly runs: readonly RunView[];
  /** `before` of the next page; undefined: there is none. A page may be short, or empty, and have a next one. */
  readonly next: string | undefined;
}

/** One entry of a journal. */
export interface RunEvent {
  /** number of the entry, from 0 */
  readonly n: number;
  readonly kind: JournalEntry['kind'];
  readonly head: JournalEntry['head'];
  /** of a snapshot the size only; else the beginning as text, when it is UTF-8 */
  readonly body?: { readonly bytes: number; readonly text?: string; readonly cut?: true } | undefined;
}

export interface RunEvents {
  readonly events: readonly RunEvent[];
  /** the run, when no event comes after these */
  readonly over: RunView | undefined;
}

export interface RunRequest {
  /** path of a `.nano` file below the operator's folder of agents */
  readonly manifest: string;
  readonly goal?: string | undefined;
  /** the run gets no more, whatever its manifest says */
  readonly budgetsMax?: Partial<AgentBudgets> | undefined;
}

export interface ForkRequest {
  /** the first step whose result is not the parent's, from 1; 0: from the beginning */
  readonly step: number;
  readonly edit?: unknown;
  readonly goal?: string | undefined;
}

/** Ids are complete ones. All methods throw `not_found` for a run that is not on record, `agents_restarted` when the agents' process ended before it answered. */
export interface RunsControl {
  /** Resolves when the run is on record. Throws `agents_not_configured`, `path_escape`, `config_invalid`, `module_refused` and the like. */
  start(request: RunRequest): Promise<RunView>;
  list(filter: RunFilter): Promise<RunPage>;
  /** With `waitMs`: once it is over, or after so long. */
  run(id: string, waitMs: number): Promise<RunDetail>;
  /** The next events after the `after`-th, -1: from the first; waits up to `waitMs` when there are none yet. */
  events(id: string, after: number, waitMs: number): Promise<RunEvents>;
  /** As `start`; `forbidden` when the recorded manifest asks for more than the operator grants. */
  fork(id: string, request: ForkRequest): Promise<RunView>;
  /**
   * A person's word about a call that waits. Resolves when it is on record and the run goes on. Throws `approval_not_found`, `approval_decided`, `run_not_waiting`, `edit_refused`, `bad_request`,
   * `run_in_use`, and `forbidden` for a run that is not the host's.
   */
  decide(id: string, call: number, word: ApprovalWord): Promise<RunView>;
  /** A run that is over stays as it is. Resolves when the order is given: an agent that computes is stopped at its next rest. */
  cancel(id: string): Promise<RunView>;
}

export interface AgentsStatus {
  /** there is a folder of agents */
  readonly configured: boolean;
  /** their process is started when it is first needed */
  readonly process: 'none' | 'running';
  readonly threads: number;
  readonly running: number;
  /** for a person's word; they hold no thread */
  readonly waiting: number;
  readonly memory_bytes: number;
}
