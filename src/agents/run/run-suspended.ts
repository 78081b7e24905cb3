/** Why a run is aborted that is to go on later, and what it then rejects with: at a rest, with no effect in flight, and without an end in its journal. */
export class RunSuspended extends Error {
  override readonly name = 'RunSuspended';

  constructor() {
    super('The run was suspended');
  }
}
