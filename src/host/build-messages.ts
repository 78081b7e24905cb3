import type { ApiSnapshot } from '../apps/artefact/api-store.ts';
import type { BuildResult } from '../apps/artefact/build-result.ts';
import type { AppConfig } from '../protocol/app.ts';
import type { ErrorData } from '../protocol/errors.ts';
import type { EvaluationLimits } from './evaluators.ts';

/** What the builder process is asked for. */
export type BuildTask = { readonly type: 'api' } | { readonly type: 'build'; readonly app: AppConfig; readonly limits: EvaluationLimits };

export interface BuilderRequest {
  readonly id: number;
  readonly task: BuildTask;
}

export type BuilderReply = { readonly id: number } & ({ readonly result: ApiSnapshot | BuildResult } | { readonly error: ErrorData });
