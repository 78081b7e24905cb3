import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_AGENT_BUDGETS } from '../protocol/agent-limits.ts';
import { fuelForResume } from './agent-budgets.ts';

const budgets = { ...DEFAULT_AGENT_BUDGETS, fuelMax: 1_000n, fuelPerResumeMax: 300n };

describe('fuelForResume', () => {
  it('is what a stretch may take, and no more than is left', () => {
    assert.deepEqual([0n, 700n, 701n, 999n, 1_000n, 1_001n].map((used) => fuelForResume(budgets, used)), [300n, 300n, 299n, 1n, 0n, 0n]);
  });
});
