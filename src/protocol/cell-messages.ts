/** What the supervisor and a cell say to each other, over the channel of node:child_process. Both ends are ours: not validated. */
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

/** Which cells serve, and what decides which apps live in which of them. */
export interface OwnerTable {
  /** by slot: the number of the cell that serves there; 0: none at the moment */
  readonly cells: readonly number[];
  /** apps that cost a cell, and the slot in which they, and they only, live */
  readonly apart: { readonly slot: number; readonly apps: readonly string[] } | undefined;
  /** apps that live in more cells than one */
  readonly hot: readonly { readonly app: string; readonly owners: number }[];
}

/** A cell's place among several. */
export interface CellPlace {
  readonly slot: number;
  /** by slot: path of the Unix socket on which the cell there listens */
  readonly sockets: readonly string[];
  /** what a cell says to another to be listened to */
  readonly key: string;
  readonly owners: OwnerTable;
}

/** How busy an app has kept its cell: 1 is all of a core, or of what the cell has for it. */
export interface AppLoad {
  readonly app: string;
  readonly share: number;
}

export interface CellInit {
  /** undefined: there is one cell only */
  readonly place?: CellPlace | undefined;
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
  /** resident memory that it may take */
  readonly memoryBytesMax: number;
  /** isolates that it may hold */
  readonly residentsMax: number;
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
  /** comes with the handle of the Unix socket of its place, if it has one */
  | { readonly type: 'init'; readonly init: CellInit }
  | { readonly type: 'deploy'; readonly call: number; readonly deployment: AppDeployment }
  | { readonly type: 'refuse'; readonly call: number; readonly refusal: AppRefusal }
  | { readonly type: 'remove'; readonly call: number; readonly name: string }
  | { readonly type: 'quarantine'; readonly call: number; readonly name: string; readonly forMs: number }
  | { readonly type: 'suspect'; readonly call: number; readonly suspects: readonly AppSuspect[] }
  /** from now on; needs no answer */
  | { readonly type: 'owners'; readonly owners: OwnerTable }
  | { readonly type: 'stats'; readonly call: number; readonly wantsFigures: boolean }
  /** answered once the handler is done */
  | { readonly type: 'scheduled'; readonly call: number; readonly app: string; readonly event: ScheduledEvent }
  /** stop accepting, finish what is in flight, then say `drained`; `isReplaced`: another cell is there for what comes */
  | { readonly type: 'drain'; readonly isReplaced: boolean };

/** Figures of a cell's apps: a row of numbers an app, so that thousands of them cost neither process more than a few milliseconds. */
export interface CellFigures {
  readonly apps: readonly string[];
  /** by app: requests by outcome */
  readonly outcomes: readonly (readonly (readonly [outcome: string, requests: number])[])[];
  /** for each app the same histograms, one after the other */
  readonly rows: Float64Array;
  /** apps with an isolate in memory, and what V8 says that it takes */
  readonly residents: readonly { readonly name: string; readonly heapBytes: number }[];
}

export interface CellStats {
  /** names of apps with an isolate in memory */
  readonly residents: readonly string[];
  /** undefined: not asked for */
  readonly figures: CellFigures | undefined;
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
  /** `loads`: with several cells */
  | { readonly type: 'heartbeat'; readonly loads?: readonly AppLoad[] | undefined }
  /** the answer to the call of that number */
  | { readonly type: 'answer'; readonly call: number; readonly error?: ErrorData | undefined; readonly stats?: CellStats | undefined }
  | { readonly type: 'log'; readonly lines: readonly CellLogLine[] }
  /** an isolate's thread is lost; the cell should be replaced */
  | { readonly type: 'catastrophe'; readonly app: string; readonly message: string }
  /** it is full, and no app is to blame; it should be replaced */
  | { readonly type: 'worn'; readonly message: string }
  /** the artefact of that version of the app can't be read, or is not what was built */
  | { readonly type: 'artefact_corrupt'; readonly app: string; readonly version: number }
  | { readonly type: 'drained' };
