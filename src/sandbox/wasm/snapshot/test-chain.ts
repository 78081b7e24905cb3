/** For tests: the snapshots of a run, and what each is restored from. */
import assert from 'node:assert/strict';
import type { GuestState } from './guest-state.ts';
import type { Snapshot, SnapshotWriter } from './snapshot-writer.ts';

type Taken = Extract<Snapshot, { readonly kind: 'key' | 'delta' }>;

export class TestChain {
  readonly #writer: SnapshotWriter;
  readonly #taken: Taken[] = [];

  constructor(writer: SnapshotWriter) {
    this.#writer = writer;
  }

  take(state: GuestState): Taken {
    const snapshot = this.#writer.take(state, this.#taken.length);
    if (snapshot.kind === undefined) assert.fail('no snapshot was taken');
    this.#taken.push(snapshot);
    return snapshot;
  }

  /** A keyframe and deltas, each based on the one before, up to snapshot `at`. */
  bodies(at = this.#taken.length - 1): Uint8Array[] {
    const snapshot = this.#taken[at] ?? assert.fail(`there is no snapshot ${at}`);
    return snapshot.kind === 'key' ? [snapshot.body] : [...this.bodies(snapshot.base), snapshot.body];
  }
}
