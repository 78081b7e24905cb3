/** What the supervisor and the agents' process say to each other, and that process to its threads. All ends are ours: not validated. */
import type { ErrorData } from '../errors.ts';
import type { EgressPolicy } from '../app.ts';
import type { AgentsStatus, ApprovalRequest, ApprovalWord, ForkRequest, RunEvents, RunDetail, RunFilter, RunPage, RunRequest, RunView } from './control.ts';
import type { CompletionChunk, Embeddings, ModelTask } from '../model.ts';
import type { AgentBudgets, ModelRequest } from './manifest.ts';
import type { RunEnd } from './recording.ts';

/** The operator's word, settled. Paths are absolute, symbolic links resolved. */
export interface AgentsInit {
  readonly dataDir: string;
  /** undefined: no agent can be started */
  readonly folder: string | undefined;
  readonly threads: number;
  readonly limitsMax: AgentBudgets;
  readonly egress: EgressPolicy;
  readonly sharedMemories: readonly string[];
  /** of a model's conversation; undefined: what a manifest says */
  readonly contextTokensMax: number | undefined;
  readonly withheldPaths: readonly string[];
  /** tools that must be approved, besides those of the manifests */
  readonly approve: readonly string[];
  /** values that are masked in journals and logs */
  readonly secrets: readonly string[];
  readonly retention: { readonly runsKeptMax?: number | undefined; readonly runsBytesMax?: number | undefined; readonly runAgeMsMax?: number | undefined };
  /** when the host stops, agents have this long to rest */
  readonly graceMs: number;
}

/** Arguments and answer of each method. */
export interface AgentsMethods {
  start: { request: { readonly request: RunRequest }; answer: RunView };
  list: { request: { readonly filter: RunFilter }; answer: RunPage };
  run: { request: { readonly id: string; readonly waitMs: number }; answer: RunDetail };
  events: { request: { readonly id: string; readonly after: number; readonly waitMs: number }; answer: RunEvents };
  fork: { request: { readonly id: string; readonly request: ForkRequest }; answer: RunView };
  decide: { request: { readonly id: string; readonly number: number; readonly word: ApprovalWord }; answer: RunView };
  cancel: { request: { readonly id: string }; answer: RunView };
  /** metrics: prom-client's JSON form */
  stats: { request: object; answer: { readonly status: Omit<AgentsStatus, 'configured' | 'process'>; readonly metrics: object } };
}

export type AgentsCall = { readonly [M in keyof AgentsMethods]: { readonly method: M } & AgentsMethods[M]['request'] }[keyof AgentsMethods];

/** A call of a model, on its way from an agent's thread to the supervisor; `id` is counted by whoever asks. */
export type ModelAsk =
  | {
      readonly type: 'model';
      readonly kind: 'start';
      readonly id: number;
      /** undefined: the embedded one */
      readonly model: ModelRequest | undefined;
      /** secrets that the manifest holds, by the names that stand for them */
      readonly literals: readonly (readonly [string, string])[];
      readonly task: ModelTask;
      readonly tenant: string;
    }
  | { readonly type: 'model'; readonly kind: 'stop'; readonly id: number };

/** Its way back. */
export interface ModelAnswer {
  readonly type: 'model';
  readonly id: number;
  readonly chunks: readonly CompletionChunk[];
  /** of an embedding, once */
  readonly embeddings?: Embeddings | undefined;
  /** the last word about the call */
  readonly over: { readonly error?: ErrorData | undefined } | undefined;
}

export type ToAgents =
  | ModelAnswer
  | { readonly type: 'init'; readonly init: AgentsInit }
  | { readonly type: 'call'; readonly call: number; readonly asked: AgentsCall }
  /** let runs rest, then say `closed` */
  | { readonly type: 'close' };

export interface AgentLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly agent?: string | undefined;
  readonly run_id?: string | undefined;
  readonly message?: string | undefined;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

export type FromAgents =
  | ModelAsk
  | { readonly type: 'heartbeat' }
  | { readonly type: 'answer'; readonly call: number; readonly error?: ErrorData | undefined; readonly value?: unknown }
  | { readonly type: 'log'; readonly lines: readonly AgentLogLine[] }
  /** a thread will not come back: the process should be replaced */
  | { readonly type: 'stuck'; readonly message: string }
  | { readonly type: 'closed' };

/** A decision on its way to the thread that has the run; `ask` is counted by whoever asks. */
export interface DecideAsk {
  readonly ask: number;
  readonly number: number;
  readonly request: ApprovalRequest;
  readonly scope: string;
}

export type ToThread =
  | ModelAnswer
  | { readonly type: 'start'; readonly call: number; readonly request: RunRequest }
  | { readonly type: 'fork'; readonly call: number; readonly id: string; readonly request: ForkRequest }
  /** `manifestFile`: where it was read, for the secrets that it holds */
  | { readonly type: 'resume'; readonly id: string; readonly manifestFile: string | undefined; readonly decision?: DecideAsk | undefined }
  | { readonly type: 'decide'; readonly id: string; readonly decision: DecideAsk }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'suspend' };

/** How a run came to an end in its thread. */
export interface RunOver {
  readonly id: string;
  readonly agent: string;
  /** `suspended`: it rests and can go on · `busy`: another process writes its journal · `left`: it can't be taken up here */
  readonly end: RunEnd | 'suspended' | 'busy' | 'left';
  readonly message: string;
  readonly fuel: string;
  readonly steps: number;
}

export type FromThread =
  | ModelAsk
  | { readonly type: 'heartbeat' }
  /** the run is on record and about to go */
  | { readonly type: 'begun'; readonly call: number | undefined; readonly id: string; readonly agent: string }
  | { readonly type: 'refused'; readonly call: number; readonly error: ErrorData }
  /** `taken`: it is on record, or not, because the run is not under way in the thread any more */
  | { readonly type: 'decided'; readonly ask: number; readonly taken: boolean; readonly error?: ErrorData | undefined }
  | { readonly type: 'over'; readonly over: RunOver }
  | { readonly type: 'log'; readonly lines: readonly AgentLogLine[] };
