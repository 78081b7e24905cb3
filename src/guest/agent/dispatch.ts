import { deliver } from './calls.ts';
import { ACTIVATION, noteRejection, reportFailure, settleActivation } from './failure.ts';

/** Besides ids of syscalls, which are above 0; as in the engine's glue.wat. */
const ID = { start: 0, rest: -1, jobFailed: -2, rejection: -3 } as const;

/** Makes the one function that the engine calls: (id, status, payload), for a rejection (id, promise, reason, is handled) → status of the activation. */
export function createDispatcher(start: () => void): (id: number, second: unknown, third: unknown, fourth?: unknown) => number {
  return (id, second, third, fourth) => {
    try {
      switch (id) {
        case ID.start:
          start();
          break;
        case ID.rest:
          return settleActivation();
        case ID.jobFailed:
          reportFailure(third);
          break;
        case ID.rejection:
          noteRejection(second as Promise<unknown>, third, fourth === 1);
          break;
        default:
          deliver(id, second as number, third as Uint8Array<ArrayBuffer>);
      }
    } catch (error) {
      reportFailure(error);
    }
    return ACTIVATION.rests;
  };
}
