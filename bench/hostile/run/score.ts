/** Hostile programs beside a victim under constant load: what both came to. */
import type { Program } from '../read-programs.ts';
import type { VictimFigures } from '../victim/load-messages.ts';
import type { VictimWatch } from '../victim/victim-watch.ts';
import { attack, type Attack, type AttackOptions } from './attack.ts';
import type { HostileHost } from './hostile-host.ts';

export interface Score extends Attack {
  /** of the time in which the program ran, and those that ran with it */
  readonly victim: VictimFigures;
}

/** Failures of requests that were in flight in a cell that died: documented as lost. */
const IN_FLIGHT = /^(?:ECONNRESET|EPIPE|cut: |socket hang up)/u;

/** Runs the programs at once. */
export async function score(host: HostileHost, watch: VictimWatch, programs: readonly Program[], options: AttackOptions): Promise<Score[]> {
  await watch.read();
  const attacks = await Promise.all(programs.map((program) => attack(host, program, options)));
  const victim = await watch.read();
  return attacks.map((one) => ({ ...one, victim, escapes: [...one.escapes, ...victimsLoss(one.program, victim)] }));
}

/** Why requests of the victim failed that should not have. */
export function undocumentedLosses({ aborts }: Pick<Program, 'aborts'>, { failures }: Pick<VictimFigures, 'failures'>): string[] {
  return failures.filter((failure) => !(aborts && IN_FLIGHT.test(failure)));
}

function victimsLoss(program: Program, victim: VictimFigures): string[] {
  const lost = undocumentedLosses(program, victim);
  return lost.length === 0 ? [] : [`${lost.length} requests of the victim failed: ${[...new Set(lost)].slice(0, 3).join(', ')}`];
}
