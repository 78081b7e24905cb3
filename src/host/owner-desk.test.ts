import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnerTable } from '../protocol/cell-messages.ts';
import { OwnerDesk } from './owner-desk.ts';

function desk(count = 2): { desk: OwnerDesk; changes: OwnerTable[]; events: unknown[] } {
  const changes: OwnerTable[] = [];
  const events: unknown[] = [];
  const made = new OwnerDesk({ count, changed: (table) => changes.push(table), event: (event, app, fields) => events.push([event, app, fields]) });
  return { desk: made, changes, events };
}

test('cells take slots and leave them; who left late leaves nothing', () => {
  const { desk: owners, changes } = desk();
  owners.taken(0, 1);
  owners.taken(1, 2);
  owners.taken(1, 3);
  owners.left(1, 2);
  assert.deepEqual(changes.at(-1)?.cells, [1, 3]);
  owners.left(1, 3);
  assert.deepEqual(changes.at(-1)?.cells, [1, 0]);
  assert.equal(changes.length, 4);
});

test('the slot that an app cost its cell is set aside, for all that are blamed until none is', () => {
  const { desk: owners, changes, events } = desk();
  owners.blamed([], undefined);
  owners.blamed(['first'], undefined);
  assert.equal(changes.length, 0);
  owners.blamed(['first'], 1);
  owners.blamed(['first', 'second'], 0);
  owners.blamed(['second', 'first'], undefined);
  assert.deepEqual(changes.map(({ apart }) => apart), [{ slot: 1, apps: ['first'] }, { slot: 1, apps: ['first', 'second'] }]);
  assert.equal(owners.ownersOf('second').slots[0], 1);
  owners.blamed(['second'], undefined);
  owners.blamed([], undefined);
  assert.equal(changes.at(-1)?.apart, undefined);
  assert.deepEqual(events, [['app_set_apart', 'first', { slot: 1 }], ['app_set_apart', 'second', { slot: 1 }]]);
});

test('a hot app gets another cell, but not the one that is set aside', () => {
  const { desk: owners, events } = desk();
  owners.blamed(['bad'], 1);
  owners.report(0, [{ app: 'hot', share: 1 }]);
  for (let round = 0; round < 5; round++) owners.review();
  assert.deepEqual(owners.table.hot, []);
  owners.blamed([], undefined);
  owners.review();
  assert.deepEqual(owners.table.hot, [{ app: 'hot', owners: 2 }]);
  assert.deepEqual(events.at(-1), ['app_owners', 'hot', { owners: 2 }]);
});

test('a hot app leaves one of three cells alone', () => {
  const { desk: owners } = desk(3);
  for (let round = 0; round < 20; round++) {
    for (const slot of [0, 1, 2]) owners.report(slot, [{ app: 'hot', share: 1 }]);
    owners.review();
  }
  assert.deepEqual(owners.table.hot, [{ app: 'hot', owners: 2 }]);
});
