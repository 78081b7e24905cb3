import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editedReply } from './edited-reply.ts';

describe('editedReply', () => {
  const cases: readonly (readonly [edit: unknown, status: number, body: string])[] = [
    ['some text', 0, 'some text'],
    ['', 0, ''],
    [{ error: { code: 'not_found', message: 'Gone' } }, 1, '{"code":"not_found","message":"Gone"}'],
    [{ head: { status: 200 }, body: 'page' }, 0, '{"status":200}\npage'],
    [{ error: 'no error of ours' }, 0, '{"error":"no error of ours"}'],
    [{ head: 1, body: 2 }, 0, '{"head":1,"body":2}'],
    [[1, 'two'], 0, '[1,"two"]'],
    [null, 0, 'null'],
  ];
  for (const [edit, status, body] of cases) {
    it(`makes ${JSON.stringify(body)} of ${JSON.stringify(edit)}`, () => {
      const reply = editedReply(edit);
      assert.deepEqual([reply.status, Buffer.from(reply.body).toString()], [status, body]);
    });
  }
});
