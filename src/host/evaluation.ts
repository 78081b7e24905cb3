/** What the builder says to the disposable processes that run tenants' top-level code, and what they answer. Travels by structured clone. */

/** Runs a script's top level as a cell does, from the API snapshot. */
export interface TrialRequest {
  readonly type: 'trial';
  /** once a process; later trials use the same */
  readonly api: { readonly snapshot: Uint8Array; readonly partTexts: string } | undefined;
  readonly script: string;
  readonly awaits: boolean;
  readonly wasm: readonly Uint8Array[];
  readonly startupMsMax: number;
  readonly memoryMbMax: number;
  readonly wantsCodeCache: boolean;
}

export interface TrialReply {
  /** `wasm`: the module at `wasmIndex` is invalid · `lost`: the isolate's thread can't be stopped, the process has to go */
  readonly end: 'done' | 'failed' | 'cpu' | 'memory' | 'wasm' | 'lost';
  /** what the script threw (see apps/build/app-script.ts), or V8's words */
  readonly message: string;
  readonly wasmIndex: number;
  readonly handlers: readonly string[];
  readonly codeCache: Uint8Array | undefined;
}

/** Evaluates scripts into one snapshot. No limit holds while it does. */
export interface SnapshotRequest {
  readonly type: 'snapshot';
  readonly scripts: readonly { readonly code: string; readonly filename: string }[];
}

export interface SnapshotReply {
  readonly snapshot: Uint8Array | undefined;
  readonly message: string;
}

export type EvaluatorRequest = TrialRequest | SnapshotRequest;

/** Restores a snapshot as a cell does. */
export interface RestoreRequest {
  readonly snapshot: Uint8Array;
  readonly startupMsMax: number;
  readonly memoryMbMax: number;
}

export interface RestoreReply {
  readonly restored: boolean;
  readonly handlers: readonly string[];
  readonly message: string;
}
