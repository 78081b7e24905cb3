/** What the run loop and the thread of a guest that blocks say to each other. The guest itself has no hand in it. */
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { Outcome } from '../../sandbox/wasm/guest-instance.ts';
import type { ErrorData } from '../../protocol/errors.ts';
import type { ReplyStatus } from '../../protocol/agent/syscalls.ts';

export interface GuestThreadData {
  /** without its bytes */
  readonly module: MeteredModule;
  readonly entry: string;
  readonly memoryPagesMax: number;
  /** one Int32, which counts the messages to the thread: it sleeps until it changes. Host memory; no guest sees it */
  readonly bell: SharedArrayBuffer;
}

export type ToGuestThread =
  /** activation 0 */
  | { readonly type: 'start'; readonly fuelMax: bigint; readonly clock: bigint }
  /** the answer to a syscall, or to `random`, within the activation */
  | { readonly type: 'inline'; readonly body: Uint8Array }
  /** a later activation: the reply to the call that the guest waits for */
  | { readonly type: 'resume'; readonly fuelMax: bigint; readonly clock: bigint; readonly status: ReplyStatus; readonly body: Uint8Array };

export type FromGuestThread =
  /** `fuel`: used in this activation. `args`: undefined where there are more bytes than the host takes */
  | { readonly type: 'syscall'; readonly op: number; readonly id: number; readonly args: Uint8Array | undefined; readonly fuel: bigint; readonly memoryPages: number }
  | { readonly type: 'random'; readonly length: number; readonly fuel: bigint; readonly memoryPages: number }
  | { readonly type: 'over'; readonly outcome: Outcome; readonly fuel: bigint; readonly memoryPages: number }
  /** what is no fault of the guest, or kept it from being made */
  | { readonly type: 'failed'; readonly error: ErrorData; readonly fuel: bigint; readonly memoryPages: number };
