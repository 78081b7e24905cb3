import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Packer } from '../../protocol/boundary.ts';
import { GuestInbox } from './guest-inbox.ts';

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

function crossing(...texts: string[]): string {
  const packer = new Packer();
  for (const text of texts) packer.begin(1, 1).field(text);
  return packer.take();
}

function readAll(inbox: GuestInbox): string[] {
  const texts: string[] = [];
  for (let message = inbox.next(); message !== undefined; message = inbox.next()) texts.push(message.unpacker.field());
  return texts;
}

describe('GuestInbox', () => {
  it('yields messages over all crossings in their order', () => {
    const inbox = new GuestInbox();
    inbox.add(crossing('a', 'b'), []);
    inbox.add(crossing('c'), []);
    assert.equal(inbox.next()?.unpacker.field(), 'a');
    inbox.add(crossing('d'), []);
    assert.deepEqual(readAll(inbox), ['b', 'c', 'd']);
    assert.equal(inbox.isEmpty, true);
  });

  it('gives each message the buffers of its crossing', () => {
    const inbox = new GuestInbox();
    const buffer = new ArrayBuffer(3);
    inbox.add(crossing('a'), [buffer]);
    inbox.add(crossing('b'), []);
    assert.deepEqual([inbox.next()?.buffers, inbox.next()?.buffers], [[buffer], []]);
  });

  it('knows what waits', () => {
    const inbox = new GuestInbox();
    inbox.add(crossing('x'.repeat(1_000)), [new ArrayBuffer(5_000), undefined]);
    assert.ok(inbox.bytes > 6_000 && inbox.bytes < 6_100);
    readAll(inbox);
    assert.equal(inbox.bytes, 0);
  });

  it('holds nothing of what was read, however much is still to be read', async () => {
    const inbox = new GuestInbox();
    const read: WeakRef<ArrayBuffer>[] = [];
    for (let index = 0; index < 10; index++) {
      const buffer = new ArrayBuffer(1_000);
      read.push(new WeakRef(buffer));
      inbox.add(crossing('a'), [buffer]);
    }
    for (let index = 0; index < 9; index++) inbox.drop();
    // a WeakRef holds its target until the round is over
    await nextRound();
    collectGarbage();
    assert.deepEqual(read.map((buffer) => buffer.deref() !== undefined), [...Array.from({ length: 9 }, () => false), true]);
    assert.deepEqual(readAll(inbox), ['a']);
  });

  it('drops a crossing that is none, and goes on with the next', () => {
    const inbox = new GuestInbox();
    inbox.add('none', []);
    inbox.add(`${crossing('a')}more`, []);
    inbox.add(crossing('b'), []);
    assert.throws(() => inbox.next(), RangeError);
    assert.equal(inbox.next()?.unpacker.field(), 'a');
    assert.throws(() => inbox.next(), RangeError);
    assert.deepEqual(readAll(inbox), ['b']);
  });

  it('keeps order and count over many crossings', () => {
    const inbox = new GuestInbox();
    const texts = Array.from({ length: 5_000 }, (_, index) => `${index}`);
    for (const text of texts) inbox.add(crossing(text), []);
    assert.deepEqual(readAll(inbox), texts);
    assert.equal(inbox.bytes, 0);
  });
});
