import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActEntry, AskEntry, DecisionEntry, JournalEntry } from '../protocol/agent/recording.ts';
import { advance, START, type OrderPosition } from './entry-order.ts';
import { callEntry, endEntry, entriesOf, replyEntry, restEntry, runEntry } from './test-journal.ts';

/** The position after all of them, or the words about the first that can't stand there. */
function follow(entries: Iterable<JournalEntry>): OrderPosition | string {
  let position = START;
  for (const entry of entries) {
    const next = advance(position, entry);
    if (typeof next === 'string') return next;
    position = next;
  }
  return position;
}

test('a run counts calls, replies, activations and steps', () => {
  const position = follow([runEntry(), ...entriesOf(3), endEntry(3)]);
  assert.deepEqual(position, { entries: 12, calls: 3, called: undefined, replies: 3, activation: 3, rested: 3, step: 3, base: undefined, end: 'done' });
});

test('inline replies belong to the activation that runs', () => {
  const inline = { inline: true, activation: 0 };
  const position = follow([runEntry(), callEntry(0), replyEntry(0, inline), callEntry(1), replyEntry(1, inline), restEntry(0, { calls: 2, replies: 2 })]);
  assert.notEqual(typeof position, 'string', String(position));
});

test('chunks are replies, and each starts an activation', () => {
  const chunk = { seq: 0, status: 2 as const, activation: 1 };
  const { step: _none, ...head } = replyEntry(0, chunk).head;
  const entries = [runEntry(), callEntry(0), restEntry(0), { ...replyEntry(0), head }, restEntry(1, { calls: 1 }), replyEntry(0, { seq: 1, activation: 2 })];
  assert.notEqual(typeof follow(entries), 'string');
});

test('what is out of order is named', () => {
  const first = [runEntry(), callEntry(0), restEntry(0)];
  const wrong: [JournalEntry[], RegExp][] = [
    [[callEntry(0)], /before the beginning/],
    [[...first, runEntry()], /second beginning/],
    [[...first, callEntry(2)], /call 2 where call 1/],
    [[...first, callEntry(0)], /call 0 where call 1/],
    [[...first, replyEntry(0, { seq: 1 })], /reply 1 where reply 0/],
    [[...first, replyEntry(0, { call: 1 })], /call 1, which was not made/],
    [[...first, replyEntry(0, { activation: 2 })], /activation 2 where 1/],
    [[...first, replyEntry(0, { inline: true })], /activation 1 where 0/],
    [[...first, restEntry(0)], /second time/],
    [[...first, restEntry(1)], /after activation 1 during 0/],
    [[...first, replyEntry(0), restEntry(1)], /counts 2 calls/],
    [[...first, replyEntry(0), callEntry(1), restEntry(1), replyEntry(1, { step: 1 })], /step 1 after step 1/],
    [[...first, endEntry(0), callEntry(1)], /after the end/],
    [[...first, endEntry(0), endEntry(0)], /after the end/],
  ];
  for (const [entries, words] of wrong) assert.match(String(follow(entries)), words);
});

test('a run goes on after an end that leaves it open', () => {
  for (const end of ['uncertain', 'waiting', 'host_failed'] as const) assert.notEqual(typeof follow([runEntry(), callEntry(0), restEntry(0), endEntry(0, end), replyEntry(0)]), 'string');
});

test('a question stands behind its call, and what is decided where the guest rests', () => {
  const ask = (call: number): AskEntry => ({ kind: 'ask', head: { call, tool: 'fs_write' } });
  const decision = (call: number): DecisionEntry => ({ kind: 'decision', head: { call, decision: 'approve', by: 'terminal' } });
  const act = (call: number): ActEntry => ({ kind: 'act', head: { call } });
  const asked = [runEntry(), callEntry(0), ask(0), restEntry(0, { waiting: [0] })];
  assert.notEqual(typeof follow([...asked, endEntry(0, 'waiting'), decision(0), act(0), replyEntry(0), restEntry(1, { calls: 1 })]), 'string');
  const run = runEntry({ fork: { run: runEntry().head.id, step: 5, base: 4 } });
  assert.notEqual(typeof follow([run, callEntry(3), ask(3), decision(3), act(3), callEntry(7), restEntry(4, { calls: 9, replies: 6, pending: [3, 7] }), decision(7)]), 'string');
  const wrong: [JournalEntry[], RegExp][] = [
    [[runEntry(), ask(0)], /asks about call 0, which the entry before it did not make/],
    [[runEntry(), callEntry(0), callEntry(1), ask(0)], /asks about call 0/],
    [[runEntry(), callEntry(0), ask(0), ask(0)], /asks about call 0/],
    [[runEntry(), callEntry(0), ask(0), decision(0)], /within activation 0/],
    [[...asked, decision(1)], /call 1, which was not made/],
    [[...asked, decision(0), replyEntry(0), act(0)], /within activation 1/],
    [[...asked, endEntry(0), decision(0)], /after the end/],
  ];
  for (const [entries, words] of wrong) assert.match(String(follow(entries)), words);
});

test('a fork begins with what was pending and a rest, and counts on from there', () => {
  const run = runEntry({ fork: { run: runEntry().head.id, step: 5, base: 4 } });
  const rest = restEntry(4, { calls: 9, replies: 6, pending: [3, 7] });
  const position = follow([run, callEntry(3), callEntry(7), rest, replyEntry(7, { seq: 6, activation: 5 }), callEntry(9)]);
  assert.deepEqual(position, { entries: 6, calls: 10, called: 9, replies: 7, activation: 5, rested: 4, step: 8, base: undefined, end: undefined });
  assert.match(String(follow([run, callEntry(7), callEntry(3)])), /call 3 where call 8/);
  assert.match(String(follow([run, callEntry(3), restEntry(3)])), /not the rest that the fork begins with/);
  assert.match(String(follow([run, callEntry(9), rest])), /not the rest that the fork begins with/);
  assert.match(String(follow([run, callEntry(3), replyEntry(3)])), /before the snapshot/);
});
