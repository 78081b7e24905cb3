/** What the supervisor and a cell say to each other, over the channel of node:cluster. Both ends are ours: not validated. */
import type { AppDeployment, AppPlace } from './app.ts';
import type { BindingAnswer, BindingAsk } from './bindings/binding-messages.ts';
import type { ScheduledEvent } from './app-call.ts';
import type { ErrorData } from './errors.ts';

/** An app without a version to serve: its requests get this error. */
export interface AppRefusal {
  readonly place: AppPlace;
  readonly error: ErrorData;
}

/** An app that was inside a cell that died: its turns are its own for that long. */
export interface AppSuspect {
  readonly name: string;
  readonly forMs: number;
}

export interface CellInit {
  readonly appsPort: number;
  readonly apiSnapshot: { readonly file: string; readonly sha256: string; readonly parts: { readonly file: string; readonly sha256: string } };
  readonly deployments: readonly AppDeployment[];
  readonly refusals: readonly AppRefusal[];
  /** apps held back, and for how long still */
  readonly quarantined: readonly { readonly name: string; readonly forMs: number }[];
  /** apps that have their turns alone, and for how long still */
  readonly suspects: readonly AppSuspect[];
  /** entries into isolates at once; 0: as many as there are cores */
  readonly slots: number;
}

/** A cell wants the listening socket of that port, or wants it no more. */
export interface SocketAsk {
  readonly type: 'socket';
  readonly port: number;
  readonly wanted: boolean;
}

/** Comes with the socket's handle, or with what kept it from being opened. */
export interface SocketAnswer {
  readonly type: 'socket';
  readonly port: number;
  readonly error?: ErrorData | undefined;
}

export type ToCell =
  | BindingAnswer
  | SocketAnswer
  | { readonly type: 'init'; readonly init: CellInit }
  | { readonly type: 'deploy'; readonly call: number; readonly deployment: AppDeployment }
  | { readonly type: 'refuse'; readonly call: number; readonly refusal: AppRefusal }
  | { readonly type: 'remove'; readonly call: number; readonly name: string }
  | { readonly type: 'quarantine'; readonly call: number; readonly name: string; readonly forMs: number }
  | { readonly type: 'suspect'; readonly call: number; readonly suspects: readonly AppSuspect[] }
  | { readonly type: 'stats'; readonly call: number }
  /** answered once the handler is done */
  | { readonly type: 'scheduled'; readonly call: number; readonly app: string; readonly event: ScheduledEvent }
  /** stop accepting, finish what is in flight, then say `drained` */
  | { readonly type: 'drain' };

export interface CellStats {
  /** names of apps with an isolate in memory */
  readonly residents: readonly string[];
  /** prom-client's JSON form */
  readonly metrics: object;
}

/** An event on its way to the log. */
export interface CellLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly app?: string | undefined;
  readonly request_id?: string | undefined;
  readonly message?: string | undefined;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

export type FromCell =
  | BindingAsk
  | SocketAsk
  | { readonly type: 'serving' }
  | { readonly type: 'failed'; readonly error: ErrorData }
  | { readonly type: 'heartbeat' }
  /** the answer to the call of that number */
  | { readonly type: 'answer'; readonly call: number; readonly error?: ErrorData | undefined; readonly stats?: CellStats | undefined }
  | { readonly type: 'log'; readonly lines: readonly CellLogLine[] }
  /** an isolate's thread is lost; the cell should be replaced */
  | { readonly type: 'catastrophe'; readonly app: string; readonly message: string }
  /** the artefact of that version of the app can't be read, or is not what was built */
  | { readonly type: 'artefact_corrupt'; readonly app: string; readonly version: number }
  | { readonly type: 'drained' };
