import type { RunResult } from '../agents/run/agent-run.ts';
import type { UncertainRule } from '../agents/run/continue-run.ts';
import { resumeRun } from '../agents/run/resume-run.ts';
import type { RunEnvironment } from '../agents/run/run-environment.ts';
import type { MeteredModule } from '../sandbox/wasm/metered-module.ts';
import type { CliIo } from './cli-io.ts';
import { decideAtTerminal } from './decide-at-terminal.ts';

export interface CarriedRun {
  readonly file: string;
  readonly module: MeteredModule;
  readonly environment: RunEnvironment;
  readonly uncertain: UncertainRule;
}

/** As long as the run waits for approvals, and a person sits at the terminal: asks, and goes on with the run. */
export async function carryOn({ file, module, environment, uncertain }: CarriedRun, first: RunResult, io: CliIo): Promise<RunResult> {
  let result = first;
  while (result.end === 'waiting' && !environment.signal.aborted) {
    const { decided, hasLeft } = await decideAtTerminal(file, environment, io);
    if (decided > 0) result = await resumeRun(file, module, uncertain, environment);
    if (hasLeft) break;
  }
  return result;
}
