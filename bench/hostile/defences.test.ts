/** The table of defences is in step with the sources and the programs; that each defence matters is shown by test/hostile/apps/defences.test.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DEFENCES } from './defences.ts';
import { readPrograms } from './read-programs.ts';
import { editsWithout } from './run/weaken.ts';

const SOURCES = new URL('../../src/', import.meta.url);
const programs = new Map(readPrograms().map((program) => [program.name, program]));

for (const [defence, { shownBy }] of Object.entries(DEFENCES)) {
  test(`${defence}: its lines stand in the sources once each, and its program names it`, () => {
    assert.equal(programs.get(shownBy)?.defence, defence);
    const edits = editsWithout(defence);
    assert.ok(edits.length > 0);
    for (const { file, from, to } of edits) {
      assert.notEqual(from, to);
      assert.equal(readFileSync(new URL(file, SOURCES), 'utf8').split(from).length - 1, 1, `src/${file}: ${from}`);
    }
  });
}
