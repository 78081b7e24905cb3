/** Hostile programs beside a victim under constant load: what both came to. */
import type { Program } from '../read-programs.ts';
import type { VictimFigures } from '../victim/load-messages.ts';
import type { VictimWatch } from '../victim/victim-watch.ts';
import { attack, type Attack, type AttackOptions } from './attack.ts';
import type { HostileHost } from './hostile-host.ts';
import { undocumentedLosses } from './victims-losses.ts';

export interface Score extends Attack {
  /** of the time in which the program ran, and those that ran with it */
  readonly victim: VictimFigures;
  /** why requests of the victim failed, or had to be sent again, that should not have */
  readonly losses: readonly string[];
}

/** Runs the programs at once. */
export async function score(host: HostileHost, watch: VictimWatch, programs: readonly Program[], options: AttackOptions): Promise<Score[]> {
  await watch.read();
  const firstLine = host.lines.length;
  const attacks = await Promise.all(programs.map((program) => attack(host, program, options)));
  const victim = await watch.read();
  const count = (name: string): number => host.lines.slice(firstLine).filter(({ event }) => event === name).length;
  const cells = { died: count('cell_died'), replaced: count('cell_replaced') };
  return attacks.map((one) => {
    const losses = undocumentedLosses(one.program, victim, cells);
    return { ...one, victim, losses, escapes: [...one.escapes, ...toEscapes(losses)] };
  });
}

function toEscapes(losses: readonly string[]): string[] {
  return losses.length === 0 ? [] : [`${losses.length} requests of the victim failed: ${[...new Set(losses)].slice(0, 3).join(', ')}`];
}
