import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { SecretMask } from '../../util/secret-mask.ts';
import { compareEntries } from './divergence.ts';

function call(args: string): JournalEntry {
  return { kind: 'call', head: { call: 0, id: 1, name: 'web_fetch', op: 32 }, body: Buffer.from(args) };
}

describe('compareEntries', () => {
  it('finds nothing in entries that are the same, and says what is expected where nothing is', () => {
    assert.equal(compareEntries(call('{"a":1}'), call('{"a":1}')), undefined);
    assert.deepEqual(compareEntries(undefined, call('{}')), { expected: 'nothing more', actual: 'the call web_fetch (op 32, id 1) of "{}"' });
    assert.equal(compareEntries(call('a'), call('b'))?.expected, 'the call web_fetch (op 32, id 1) of "a"');
  });

  it('lets anything stand where a secret was masked, and nothing else', () => {
    const secret = 'correct-horse-battery';
    const written = `{"url":"https://example.com/?key=${secret}"}\n${secret} and ${secret}!`;
    const masked = new SecretMask([secret]).text(written);
    assert.equal(compareEntries(call(masked), call(written)), undefined);
    for (const other of [written.replace('!', '?'), written.replace('and', 'or'), `x${written}`, '', '{"url":"https://example.com/?key=']) {
      assert.notEqual(compareEntries(call(masked), call(other)), undefined, other);
    }
  });
});
