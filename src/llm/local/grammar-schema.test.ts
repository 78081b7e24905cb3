import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toGrammarSchema } from './grammar-schema.ts';

test('what zod and hand-written schemas look like', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      city: { type: 'string', description: 'where', maxLength: 40 },
      days: { type: 'integer', minimum: 1 },
      unit: { enum: ['C', 'F'] },
      note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      when: { type: 'string', format: 'date' },
      mail: { type: ['string', 'null'], format: 'email' },
      tags: { type: 'array', items: { $ref: '#/definitions/tag' }, maxItems: 3 },
      more: {},
    },
    required: ['city'],
    additionalProperties: false,
    definitions: { tag: { type: 'string', minLength: 1 } },
  };
  assert.deepEqual(toGrammarSchema(schema), {
    type: 'object',
    properties: {
      city: { type: 'string', maxLength: 40 },
      days: { type: 'integer' },
      unit: { enum: ['C', 'F'] },
      note: { oneOf: [{ type: 'string' }, { type: 'null' }] },
      when: { type: 'string', format: 'date' },
      mail: { oneOf: [{ type: 'string' }, { type: 'null' }] },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, maxItems: 3 },
      more: { oneOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'object', additionalProperties: true }, { type: 'array' }] },
    },
    additionalProperties: false,
    $defs: { tag: { type: 'string', minLength: 1 } },
  });
});

test('strings get a limit where the caller wants one', () => {
  assert.deepEqual(toGrammarSchema({ type: 'string' }, { stringCharactersMax: 500 }), { type: 'string', maxLength: 500 });
  assert.deepEqual(toGrammarSchema({ type: 'string', maxLength: 3 }, { stringCharactersMax: 500 }), { type: 'string', maxLength: 3 });
  assert.deepEqual(toGrammarSchema({ type: 'string', maxLength: 1_901 }), { type: 'string' });
});

test('what no grammar can hold to is refused by name', () => {
  let deep: object = { type: 'string' };
  for (let i = 0; i < 40; i++) deep = { type: 'array', items: deep };
  const refused: readonly (readonly [object | boolean | string, RegExp])[] = [
    [false, /false/],
    [{ type: 'date' }, /the type "date"/],
    [{ allOf: [{}, {}] }, /allOf/],
    [{ const: {} }, /const or enum/],
    [{ $ref: 'https://example.com/schema' }, /reference/],
    [{ enum: ['x'.repeat(70_000)] }, /characters/],
    [deep, /levels/],
  ];
  for (const [schema, message] of refused) {
    assert.throws(() => toGrammarSchema(JSON.parse(JSON.stringify(schema))), (error: Error) => 'code' in error && error.code === 'model_unsupported' && message.test(error.message));
  }
});
