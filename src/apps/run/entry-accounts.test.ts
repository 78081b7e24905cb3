import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EntryAccounts } from './entry-accounts.ts';

describe('EntryAccounts', () => {
  it('ranks who has used less before who has used more', () => {
    const accounts = new EntryAccounts();
    accounts.charge('much', 500, 0);
    accounts.charge('little', 5, 0);
    assert.ok(accounts.rank('little', 0) < accounts.rank('much', 0));
  });

  it('forgets by half: what was used long ago counts less than what was used just now', () => {
    const accounts = new EntryAccounts();
    accounts.charge('long-ago', 490, 0);
    accounts.charge('just-now', 90, 15_000);
    assert.equal(Math.round(accounts.usedMs('long-ago', 5_000)), 250);
    assert.ok(accounts.rank('long-ago', 15_000) < accounts.rank('just-now', 15_000));
  });

  it('ranks two apps alike at any time, unless one is charged', () => {
    const accounts = new EntryAccounts();
    accounts.charge('a', 10, 0);
    accounts.charge('b', 20, 3_000);
    assert.deepEqual([accounts.rank('a', 3_000), accounts.rank('b', 3_000)], [accounts.rank('a', 86_400_000), accounts.rank('b', 86_400_000)]);
  });

  it('lets a newcomer begin between those who use little and those who use much', () => {
    const accounts = new EntryAccounts();
    for (let turn = 0; turn < 1_000; turn++) accounts.learn('light', 0.01, turn * 100);
    for (let turn = 0; turn < 1_000; turn++) accounts.learn('heavy', 50, turn * 100);
    const nowMs = 100_000;
    assert.ok(accounts.rank('light', nowMs) < accounts.rank('newcomer', nowMs));
    assert.ok(accounts.rank('newcomer', nowMs) < accounts.rank('heavy', nowMs));
  });

  it('does not take turns for short before it has seen many', () => {
    const accounts = new EntryAccounts();
    accounts.charge('app', 1, 0);
    for (let turn = 0; turn < 10; turn++) {
      assert.equal(accounts.isShort('app'), false);
      accounts.learn('app', 1, 0);
    }
    for (let turn = 0; turn < 10; turn++) accounts.learn('app', 1, 0);
    assert.deepEqual([accounts.isShort('app'), accounts.isShort('newcomer')], [true, false]);
  });

  it('bears a turn that is somewhat longer, and remembers a long one over many short ones', () => {
    const accounts = new EntryAccounts();
    for (let turn = 0; turn < 50; turn++) accounts.learn('app', 1, 0);
    accounts.learn('app', 15, 0);
    assert.equal(accounts.isShort('app'), true);
    accounts.learn('app', 500, 0);
    for (let turn = 0; turn < 20; turn++) accounts.learn('app', 1, 0);
    assert.equal(accounts.isShort('app'), false);
    for (let turn = 0; turn < 20; turn++) accounts.learn('app', 1, 0);
    assert.equal(accounts.isShort('app'), true);
  });

  it('bears a charge below zero, when nothing was used for long', () => {
    const accounts = new EntryAccounts();
    accounts.charge('app', 10, 0);
    accounts.learn('app', -0.002, 500_000);
    accounts.charge('app', -1, 500_001);
    accounts.learn('app', 5, 500_002);
    assert.equal(Math.round(accounts.usedMs('app', 500_002)), 5);
    assert.ok(accounts.rank('app', 500_002) < accounts.rank('newcomer', 500_002));
  });

  it('takes another app of that name for a newcomer', () => {
    const accounts = new EntryAccounts();
    accounts.learn('app', 500, 0);
    accounts.forget('app');
    assert.equal(accounts.rank('app', 0), accounts.rank('newcomer', 0));
  });
});
