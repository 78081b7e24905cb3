import type { AgentBudgets } from '../protocol/agent/manifest.ts';

/** What one start or resume may charge: its own budget, and no more than is left of the run's. */
export function fuelForResume(budgets: AgentBudgets, fuelSpent: bigint): bigint {
  const left = budgets.fuelMax > fuelSpent ? budgets.fuelMax - fuelSpent : 0n;
  return left < budgets.fuelPerResumeMax ? left : budgets.fuelPerResumeMax;
}

/** No budget above the one of that name in `most`. */
export function cutBudgets(budgets: AgentBudgets, most: Partial<AgentBudgets> = {}): AgentBudgets {
  const { memoryBytesMax, stepsMax, fuelMax, fuelPerResumeMax, wallMsMax, tokensMax } = budgets;
  return {
    memoryBytesMax: Math.min(memoryBytesMax, most.memoryBytesMax ?? memoryBytesMax),
    stepsMax: Math.min(stepsMax, most.stepsMax ?? stepsMax),
    fuelMax: smaller(fuelMax, most.fuelMax),
    fuelPerResumeMax: smaller(fuelPerResumeMax, most.fuelPerResumeMax),
    wallMsMax: Math.min(wallMsMax, most.wallMsMax ?? wallMsMax),
    tokensMax: Math.min(tokensMax, most.tokensMax ?? tokensMax),
  };
}

function smaller(one: bigint, other = one): bigint {
  return other < one ? other : one;
}
