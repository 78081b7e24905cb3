import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { CompletionChunk } from '../protocol/model.ts';
import { ChunkOutbox } from './chunk-outbox.ts';
import type { CallChunks } from './model-messages.ts';

const END: CompletionChunk = { type: 'end', finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } };
const text = (piece: string): CompletionChunk => ({ type: 'text', text: piece });

test('the first chunk goes at once, later ones together, text in one, and nothing stays behind', async () => {
  const sent: (readonly CallChunks[])[] = [];
  const outbox = new ChunkOutbox((calls) => sent.push(calls));
  outbox.push(1, text('a'));
  outbox.push(1, text('b'));
  outbox.push(1, text('c'));
  assert.deepEqual(sent.splice(0), [[{ id: 1, chunks: [text('a')] }]]);
  outbox.push(2, text('x'));
  assert.deepEqual(sent.splice(0), [[{ id: 1, chunks: [text('bc')] }, { id: 2, chunks: [text('x')] }]]);
  outbox.push(2, text('y'));
  outbox.push(1, text('d'));
  while (sent.length === 0) await sleep(1);
  assert.deepEqual(sent.splice(0), [[{ id: 2, chunks: [text('y')] }, { id: 1, chunks: [text('d')] }]]);
  outbox.push(1, text('e'));
  outbox.push(1, END);
  outbox.end(1);
  assert.deepEqual(sent.splice(0), [[{ id: 1, chunks: [text('e'), END] }]]);
  outbox.end(2);
  assert.deepEqual(sent, []);
});
