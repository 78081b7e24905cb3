import type { Mask } from '../../recording/mask-entry.ts';
import type { OperatorWord } from '../grant.ts';
import type { LogLevel } from './control-call.ts';
import type { DecisionBox } from './decision-box.ts';
import type { Handlers } from './gate.ts';
import type { Denial } from './live-replies.ts';
import type { RunPosition } from './run-position.ts';

/** What a run needs of its host, whatever the agent. */
export interface RunEnvironment {
  /** absolute */
  readonly dataDir: string;
  readonly operator: OperatorWord;
  readonly handlers: Handlers;
  /** the module of manifests that name none */
  readonly builtinAgent: () => Promise<Uint8Array>;
  readonly mask: Mask;
  /** aborted: the run is cancelled; with a RunSuspended as the reason, it stops where it can go on later */
  readonly signal: AbortSignal;
  readonly nowNs: () => bigint;
  readonly monotonicMs: () => number;
  readonly watcher: RunWatcher;
  /** where decisions about waiting calls come in while the run is under way */
  readonly decisions?: DecisionBox | undefined;
}

/** Is told what happens, as it happens. */
export interface RunWatcher {
  /** a new run is on record, and about to go */
  begun?(id: string): void;
  log(level: LogLevel, text: string): void;
  denied(denial: Denial): void;
  /** the guest rests */
  rest(position: Readonly<RunPosition>): void;
}
