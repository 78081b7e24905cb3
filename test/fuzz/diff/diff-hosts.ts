/** Compares nanos with workerd on generated programs and exchanges. */
import { fc } from '../../../src/util/test-properties.ts';
import type { Cleanup } from '../../support/start-nanos.ts';
import { compareExchanges, EXCHANGES, type Exchange } from './compare-exchanges.ts';
import { comparePrograms, type Comparison } from './compare-programs.ts';
import { startHosts } from './hosts.ts';
import { PROGRAMS as CALLS, type Program } from './programs.ts';
import { SCENARIOS } from './scenarios.ts';

const PROGRAMS = { ...CALLS, ...SCENARIOS };

export interface DiffOptions {
  readonly seed: number;
  /** cases of each kind */
  readonly runs: number;
  /** kinds of programs or exchanges; default: all */
  readonly kinds?: readonly string[];
  say(line: string): void;
}

export const KINDS = [...Object.keys(EXCHANGES), ...Object.keys(PROGRAMS)];

/** Resolves to the smallest case of each kind on which the two differ for no known reason. */
export async function diffHosts(cleanup: Cleanup, { seed, runs, kinds = KINDS, say }: DiffOptions): Promise<string[]> {
  const hosts = await startHosts(cleanup);
  const known = new Map<string, number>();
  const found: string[] = [];
  for (const kind of kinds) {
    // the shrunk case is the last that failed
    const seen: { last: object | undefined } = { last: undefined };
    const check = (compared: Comparison): boolean => {
      if (compared.known !== undefined) known.set(compared.known, (known.get(compared.known) ?? 0) + 1);
      if (compared.difference !== undefined) seen.last = compared.difference;
      return compared.difference === undefined;
    };
    const programs = PROGRAMS[kind];
    const property = programs === undefined ? fc.asyncProperty(EXCHANGES[kind]!, async (exchange) => check(await compareExchanges(hosts, exchange))) : fc.asyncProperty(programs, async (program) => check(await comparePrograms(hosts, kind, program)));
    const details = await fc.check<[Exchange] | [Program]>(property as fc.IAsyncProperty<[Exchange] | [Program]>, { seed, numRuns: runs });
    say(`${details.failed ? 'differs' : 'alike  '} ${kind} (${details.numRuns} cases)`);
    if (details.failed) found.push(`${kind}: ${JSON.stringify(details.counterexample?.[0])}\n  ${JSON.stringify({ ...seen.last, program: undefined })}`);
  }
  for (const [reason, count] of known) say(`known, ${count} times: ${reason}`);
  return found;
}
