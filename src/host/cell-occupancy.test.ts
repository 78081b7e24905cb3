import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OccupancyRecord, openCellOccupancy } from './cell-occupancy.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanos-occupancy-'));
after(() => rmSync(folder, { recursive: true }));

/** A record that writes where the supervisor reads, as a cell does by its inherited descriptor. */
function connected(): { record: OccupancyRecord; apps: () => string[]; writes: () => number } {
  const occupancy = openCellOccupancy(folder);
  after(() => occupancy.close());
  let writes = 0;
  const record = new OccupancyRecord((table) => {
    writes++;
    writeSync(Number(occupancy.fd), table, 0, table.byteLength, 0);
  });
  return { record, apps: () => occupancy.apps().toSorted(), writes: () => writes };
}

test('names whoever is inside, and has no name itself', () => {
  const { record, apps } = connected();
  assert.deepEqual(apps(), []);
  record.begin('a');
  const longest = 'x'.repeat(63);
  record.begin(longest);
  assert.deepEqual(apps(), ['a', longest]);
  assert.deepEqual(readdirSync(folder), []);
});

test('an app that comes back soon needs no write; one that does not is struck out', async () => {
  const { record, apps, writes } = connected();
  for (let turn = 0; turn < 100; turn++) record.end(record.begin('a'));
  assert.equal(writes(), 1);
  await sleep(50);
  assert.deepEqual(apps(), []);
});

test('whoever is alone inside is named alone, though others have just left', () => {
  const { record, apps } = connected();
  const [first, second] = [record.begin('a'), record.begin('b')];
  record.end(first);
  record.end(second);
  record.begin('b');
  assert.deepEqual(apps(), ['b']);
});

test('the same app inside twice is named until both have left', () => {
  const { record, apps } = connected();
  const first = record.begin('a');
  record.begin('a');
  record.end(first);
  record.begin('b');
  assert.deepEqual(apps(), ['a', 'b']);
});

test('more turns than the table has room for are all right', () => {
  const { record, apps } = connected();
  const slots = Array.from({ length: 100 }, (_, index) => record.begin(`app-${index}`));
  assert.equal(apps().length, 64);
  for (const slot of slots) record.end(slot);
});

test('what a cell should not have written names nobody', () => {
  const occupancy = openCellOccupancy(folder);
  writeSync(Number(occupancy.fd), new Uint8Array(4096).fill(255), 0, 4096, 0);
  assert.deepEqual(occupancy.apps(), []);
  occupancy.close();
});

test('where no file can be made nobody is known, and nothing fails', () => {
  const occupancy = openCellOccupancy(join(folder, 'absent'));
  assert.deepEqual([occupancy.fd, occupancy.apps()], ['ignore', []]);
  occupancy.close();
});
