import type { AgentBudgets } from '../protocol/agent/manifest.ts';

/** What one start or resume may charge: its own budget, and no more than is left of the run's. */
export function fuelForResume(budgets: AgentBudgets, fuelSpent: bigint): bigint {
  const left = budgets.fuelMax > fuelSpent ? budgets.fuelMax - fuelSpent : 0n;
  return left < budgets.fuelPerResumeMax ? left : budgets.fuelPerResumeMax;
}
