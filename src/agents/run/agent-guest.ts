import type { ReplyStatus } from '../../protocol/agent/syscalls.ts';
import type { RunEnd } from '../../protocol/agent/recording.ts';
import type { GuestState } from '../../sandbox/wasm/snapshot/guest-state.ts';

/** What the guest calls. Whatever is thrown ends the activation, and the instance with it. */
export interface GuestHost {
  /** `args`: a copy; undefined where there were more bytes than the host takes. Returns the inline reply, or undefined for one that comes later. */
  syscall(op: number, id: number, args: Uint8Array | undefined): Uint8Array | undefined;
  /** ns since the epoch */
  clock(): bigint;
  random(length: number): Uint8Array;
}

/** How an activation ended. `fuel`: what it was charged. `status`: 0 unless the agent failed. */
export type Activation =
  | { readonly kind: 'rested'; readonly fuel: bigint; readonly status: number }
  | { readonly kind: 'stopped'; readonly fuel: bigint; readonly end: RunEnd; readonly message: string };

/** A guest of whatever ABI, as the run loop drives it: entered, run until it waits, entered again with one reply. */
export interface AgentGuest {
  /** of the last rest, in pages of 64 KiB */
  readonly memoryPages: number;
  /** why its state at a rest can't be captured, in words that go on "the module …"; undefined when it can */
  readonly snapshotRefusal: string | undefined;
  /** Activation 0. Throws what is no fault of the guest. */
  start(fuelMax: bigint): Activation | Promise<Activation>;
  /** Every later activation: gives the guest a reply. Throws as `start`. */
  resume(fuelMax: bigint, id: number, status: ReplyStatus, body: Uint8Array): Activation | Promise<Activation>;
  /** At a rest, of a guest without a `snapshotRefusal`. */
  state(): GuestState;
  /** It is not entered any more. */
  close(): void;
}
