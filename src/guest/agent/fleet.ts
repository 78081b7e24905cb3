import { callForJson, callForNothing, type Cancellable } from './runtime.ts';

export interface FleetMessage {
  readonly from: string;
  readonly text: string;
}

/** Sends a message to another agent of the fleet. */
export function send(to: string, message: string, { signal }: Cancellable = {}): Promise<void> {
  return callForNothing('fleet_send', { to }, { body: String(message), signal });
}

/** The next message to this agent. Rejects with a SyscallError `timeout` when none comes in time. */
export function recv({ timeoutMs, signal }: Cancellable & { readonly timeoutMs?: number | undefined } = {}): Promise<FleetMessage> {
  return callForJson('fleet_recv', { timeoutMs }, { signal });
}
