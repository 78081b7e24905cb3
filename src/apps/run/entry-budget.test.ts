import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppRequest, ResponseSink } from '../../protocol/app-call.ts';
import { ActiveRequest } from './active-request.ts';
import { EntryBudget } from './entry-budget.ts';

function learned(limitMs: number, requestMs: number): EntryBudget {
  const budget = new EntryBudget(limitMs);
  for (let entry = 0; entry < 200; entry++) budget.learn(requestMs, 1);
  return budget;
}

const request: AppRequest = { requestId: 'r', method: 'GET', url: 'http://a/', headers: [], body: null };
const sink: ResponseSink = { headSent: false, gone: false, onClientGone: () => undefined, respond: () => undefined, start: () => undefined, write: () => true, end: () => undefined, fail: () => undefined };

function used(cpuMs: number): ActiveRequest {
  const active = new ActiveRequest(request, sink, 0);
  active.cpuMs = cpuMs;
  return active;
}

describe('EntryBudget', () => {
  it('lets one request in alone until the app has shown what it takes, and none beside work that is there', () => {
    const budget = new EntryBudget(50);
    assert.deepEqual([budget.itemsMax(0), budget.itemsMax(1)], [1, 0]);
  });

  it('lets requests share an entry that is expected to stay below half the limit and 8 ms', () => {
    assert.equal(learned(50, 1.001).itemsMax(0), 7);
    assert.equal(learned(4, 1.001).itemsMax(0), 1);
    assert.equal(learned(600_000, 1.001).itemsMax(2), 5);
  });

  it('knows an end, however cheap requests are', () => {
    assert.equal(learned(50, 0.001).itemsMax(0), 32);
  });

  it('gives an entry what its owner has left, and never nothing', () => {
    const budget = new EntryBudget(50);
    assert.deepEqual([budget.of([used(20)]), budget.of([used(50)])], [30, 1]);
  });

  it('allows several owners somewhat more than one', () => {
    const budget = learned(50, 1);
    const budgetMs = budget.of([used(0), used(0)]);
    assert.ok(budgetMs > 50 && budgetMs < 60);
  });
});
