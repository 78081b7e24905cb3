import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompletionRequest, ModelTool } from '../../protocol/model.ts';
import { EnvelopeReply } from './reply-reader.ts';
import { FINAL_FORM, toolEnvelope, type TextForm } from './tool-envelope.ts';

const INPUT = { prompt: '' };
const READ: ModelTool = { name: 'read', parameters: { type: 'object', properties: { path: { type: 'string' } } } };
const DONE: ModelTool = { name: 'done' };
const DONE_FORM: TextForm = { ...FINAL_FORM, tool: 'done' };

function schemaOf(request: Omit<CompletionRequest, 'input'>, form = FINAL_FORM): unknown {
  return toolEnvelope({ input: INPUT, ...request }, form, {})?.schema;
}

function call(name: string, properties: object): object {
  return { type: 'object', properties: { tool: { const: name }, args: { type: 'object', properties, additionalProperties: false } } };
}

const FINAL = { type: 'object', properties: { final: { type: 'string' } }, additionalProperties: false };

test('which answers are possible', () => {
  const read = { ...call('read', { path: { type: 'string' } }) };
  const done = { ...call('done', {}) };
  assert.equal(schemaOf({}), undefined);
  assert.equal(schemaOf({ tools: [READ], toolChoice: 'none' }), undefined);
  assert.deepEqual(schemaOf({ tools: [READ] }), { oneOf: [read, FINAL] });
  assert.deepEqual(schemaOf({ tools: [READ], toolChoice: 'required' }), { oneOf: [read] });
  assert.deepEqual(schemaOf({ tools: [READ, DONE], toolChoice: { name: 'done' } }), { oneOf: [done] });
  assert.deepEqual(schemaOf({ tools: [READ], unlistedTools: [DONE, READ] }), { oneOf: [read, done, FINAL] });
  assert.deepEqual(schemaOf({ tools: [READ], unlistedTools: [DONE] }, DONE_FORM), { oneOf: [read, FINAL] });
  assert.deepEqual(schemaOf({ tools: [READ, DONE] }, DONE_FORM), { oneOf: [read, done] });
  assert.throws(() => schemaOf({ tools: [READ], schema: true }), { code: 'model_unsupported' });
});

function read(pieces: readonly string[]): { text: string[]; call: unknown } {
  const envelope = toolEnvelope({ input: INPUT, tools: [READ] }, FINAL_FORM, {});
  assert.ok(envelope !== undefined);
  const reader = new EnvelopeReply(envelope, () => 'call_1');
  const text = pieces.map((piece) => reader.push(piece));
  return { text, call: reader.end() };
}

test('text comes out of its envelope as it is written; a call comes whole or not at all', () => {
  assert.deepEqual(read(['{ "fi', 'nal": "one\\', 'n', 'two', '"}']), { text: ['', 'one', '\n', 'two', ''], call: undefined });
  assert.deepEqual(read(['{"tool":"read",', '"args":{"path":"a\\"b"}}']), { text: ['', ''], call: { id: 'call_1', name: 'read', arguments: { path: 'a"b' } } });
  assert.deepEqual(read(['{"tool":"read","args":{"pa']), { text: [''], call: undefined });
});
