/** Why a guest was stopped for good. */
export type StopEnd = 'fuel_limit' | 'memory_limit' | 'depth_limit' | 'agent_trapped' | 'agent_abi';

/** Thrown by an import to stop the guest that called it: nothing of the guest runs any more, whatever it catches. */
export class GuestFault extends Error {
  override readonly name = 'GuestFault';
  readonly end: StopEnd;

  constructor(end: StopEnd, message: string) {
    super(message);
    this.end = end;
  }
}
