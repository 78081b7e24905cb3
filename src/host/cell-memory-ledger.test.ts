import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryLedger } from './cell-memory-ledger.ts';

function ledgerAt(rssBytes: number): MemoryLedger {
  const ledger = new MemoryLedger();
  ledger.look(rssBytes, 0);
  return ledger;
}

function aloneOf(ledger: MemoryLedger): Record<string, number> {
  return Object.fromEntries([...ledger.turns()].map(({ app, aloneBytes }) => [app, aloneBytes]));
}

describe('what the process grows by', () => {
  test('is divided by the time of turns since the last look', () => {
    const ledger = ledgerAt(1_000);
    const first = ledger.begin('a', 0);
    ledger.end(first, 30);
    const second = ledger.begin('b', 30);
    ledger.look(1_400, 40);
    assert.deepEqual([ledger.grownBytes('a'), ledger.grownBytes('b')], [300, 100]);
    assert.equal(ledger.end(second, 50), 'b');
  });

  test('is nobody’s when nobody has had a turn', () => {
    const ledger = ledgerAt(1_000);
    ledger.look(9_000, 10);
    ledger.begin('a', 10);
    ledger.look(9_100, 20);
    assert.equal(ledger.grownBytes('a'), 100);
  });

  test('is taken off again when it shrinks, and never below nothing', () => {
    const ledger = ledgerAt(1_000);
    ledger.begin('a', 0);
    ledger.look(1_500, 10);
    ledger.look(1_400, 20);
    assert.equal(ledger.grownBytes('a'), 400);
    ledger.look(200, 30);
    assert.equal(ledger.grownBytes('a'), 0);
  });

  test('is certainly a turn’s while it alone goes on', () => {
    const ledger = ledgerAt(0);
    ledger.begin('a', 0);
    ledger.look(500, 10);
    assert.deepEqual(aloneOf(ledger), { a: 500 });
    ledger.begin('b', 10);
    ledger.look(900, 20);
    assert.deepEqual(aloneOf(ledger), { a: 500, b: 0 });
    assert.deepEqual([ledger.grownBytes('a'), ledger.grownBytes('b')], [700, 200]);
    assert.deepEqual([ledger.grownAloneBytes('a'), ledger.grownAloneBytes('b')], [500, 0]);
  });

  test('starts anew with each turn', () => {
    const ledger = ledgerAt(0);
    ledger.end(ledger.begin('a', 0), 10);
    ledger.look(500, 10);
    ledger.begin('a', 10);
    assert.deepEqual(aloneOf(ledger), { a: 0 });
    assert.equal(ledger.grownBytes('a'), 500);
  });
});

describe('what an isolate left outside of its heap', () => {
  test('is expected of the next ones, turn by turn', () => {
    const ledger = ledgerAt(0);
    for (let turn = 0; turn < 4; turn++) ledger.end(ledger.begin('a', turn), turn + 1);
    ledger.learn('a', 400);
    assert.equal(ledger.leakedBytes('a'), 400);
    ledger.renew('a');
    assert.equal(ledger.leakedBytes('a'), 0);
    ledger.end(ledger.begin('a', 10), 11);
    assert.equal(ledger.leakedBytes('a'), 100);
    ledger.learn('a', 10);
    assert.equal(ledger.leakedBytes('a'), 100);
  });

  test('is doubted where it was not seen again', () => {
    const ledger = ledgerAt(0);
    ledger.end(ledger.begin('a', 0), 1);
    ledger.learn('a', 400);
    ledger.doubt('a');
    assert.equal(ledger.leakedBytes('a'), 200);
  });

  test('is not expected of another version', () => {
    const ledger = ledgerAt(0);
    ledger.end(ledger.begin('a', 0), 1);
    ledger.learn('a', 400);
    ledger.forget('a');
    ledger.end(ledger.begin('a', 2), 3);
    assert.equal(ledger.leakedBytes('a'), 0);
  });
});
