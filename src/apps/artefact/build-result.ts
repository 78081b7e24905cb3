import type { Artefact, BuildInput, ConfigWarning } from '../../protocol/app.ts';

export interface BuildResult {
  readonly artefact: Artefact;
  /** files and folders that the app was built from; size and time of those that may change it */
  readonly inputs: readonly BuildInput[];
  readonly warnings: readonly ConfigWarning[];
  /** nothing was built: an earlier artefact still holds */
  readonly reused: boolean;
}
