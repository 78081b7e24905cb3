/** Which requests of the victim may be lost: what docs/reliability.md says of cells that end, and no more. */
import type { Program } from '../read-programs.ts';
import type { VictimFigures } from '../victim/load-messages.ts';

/** How many cells ended while the program ran, and how: by themselves, or after another one served in their place. */
export interface CellsLost {
  readonly died: number;
  readonly replaced: number;
}

/** How a request fails that is in flight in a cell that dies. */
const IN_FLIGHT = /^(?:ECONNRESET|EPIPE|cut: |socket hang up)/u;
/** A kept connection that was closed under a request, which was sent again. */
const SENT_AGAIN = 'sent again';

/** Requests that failed or had to be sent again, and should not have. `aborts`: the program is known to take the cell along, with at most what is in flight there. */
export function undocumentedLosses({ aborts }: Pick<Program, 'aborts'>, { failures, retried, inFlightAtCuts }: Pick<VictimFigures, 'failures' | 'retried' | 'inFlightAtCuts'>, { died, replaced }: CellsLost): string[] {
  const again = Array.from({ length: retried }, () => SENT_AGAIN);
  const cut = failures.filter((failure) => IN_FLIGHT.test(failure));
  const others = failures.filter((failure) => !IN_FLIGHT.test(failure));
  const lost = [...cut, ...(replaced > 0 ? [] : again)];
  return [...others, ...lost.slice(aborts ? inFlightAt(died, inFlightAtCuts) : 0)];
}

/** Of as many cuts as cells died; with each, one more may have been sent by a kept connection before its end was noticed. */
function inFlightAt(died: number, inFlightAtCuts: readonly number[]): number {
  const largest = inFlightAtCuts.toSorted((a, b) => b - a).slice(0, died);
  return largest.reduce((total, inFlight) => total + inFlight + 1, 0);
}
