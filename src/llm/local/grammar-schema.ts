/**
 * A JSON schema as node-llama-cpp's grammars take it: https://node-llama-cpp.withcat.ai/guide/grammar. They have no optional properties, so every
 * property is written, and no allOf; bounds of numbers and patterns are left out, and the caller checks them when it must.
 */
import type { Json } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';

const SCHEMA_CHARACTERS_MAX = 65_536;
const DEPTH_MAX = 32;
/** llama.cpp refuses longer repetitions. */
const REPETITION_MAX = 1_900;
const STRING_FORMATS: ReadonlySet<Json | undefined> = new Set(['date-time', 'time', 'date']);

type JsonObject = { readonly [key: string]: Json };

const ANY: Json = { oneOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'object', additionalProperties: true }, { type: 'array' }] };

export interface GrammarOptions {
  /** of strings of which the schema doesn't say it; a small model may never end one by itself */
  readonly stringCharactersMax?: number | undefined;
}

/** Throws `model_unsupported`. */
export function toGrammarSchema(schema: Json, options: GrammarOptions = {}): Json {
  if (JSON.stringify(schema).length > SCHEMA_CHARACTERS_MAX) throw unsupported(`more than ${SCHEMA_CHARACTERS_MAX} characters`);
  return convert(schema, options, 0);
}

function unsupported(what: string): NanosError {
  return new NanosError('model_unsupported', `A JSON schema for a local model can not have ${what}`);
}

function convert(schema: Json, options: GrammarOptions, depth: number): Json {
  if (depth > DEPTH_MAX) throw unsupported(`more than ${DEPTH_MAX} levels`);
  if (schema === true) return ANY;
  if (!isObject(schema)) throw unsupported(`${JSON.stringify(schema)} in the place of a schema`);
  const convertOne = (inner: Json): Json => convert(inner, options, depth + 1);
  const converted = convertKind(schema, options, convertOne);
  const definitions = { ...objectAt(schema, 'definitions'), ...objectAt(schema, '$defs') };
  if (Object.keys(definitions).length === 0 || !isObject(converted)) return converted;
  return { ...converted, $defs: mapValues(definitions, convertOne) };
}

function convertKind(schema: JsonObject, options: GrammarOptions, convertOne: (inner: Json) => Json): Json {
  const { $ref, allOf } = schema;
  if (typeof $ref === 'string') return { $ref: definitionRef($ref) };
  if ('const' in schema) return { const: literal(schema['const'] ?? null) };
  if (Array.isArray(schema['enum'])) return { enum: schema['enum'].map(literal) };
  const alternatives = schema['oneOf'] ?? schema['anyOf'];
  if (Array.isArray(alternatives)) return { oneOf: alternatives.map(convertOne) };
  if (Array.isArray(allOf)) {
    if (allOf.length !== 1) throw unsupported('allOf of several schemas');
    return convertOne(allOf[0] ?? true);
  }
  return convertType(schema, options, convertOne);
}

function convertType(schema: JsonObject, options: GrammarOptions, convertOne: (inner: Json) => Json): Json {
  const type = schema['type'] ?? impliedType(schema);
  if (Array.isArray(type)) return { oneOf: type.map((one) => convertOne({ ...schema, type: one })) };
  switch (type) {
    case 'object':
      return objectSchema(schema, convertOne);
    case 'array':
      return arraySchema(schema, convertOne);
    case 'string':
      return stringSchema(schema, options);
    case 'number':
    case 'integer':
    case 'boolean':
    case 'null':
      return { type };
    case undefined:
      return ANY;
    default:
      throw unsupported(`the type ${JSON.stringify(type)}`);
  }
}

function impliedType(schema: JsonObject): string | undefined {
  if ('properties' in schema || 'additionalProperties' in schema) return 'object';
  return 'items' in schema || 'prefixItems' in schema ? 'array' : undefined;
}

function objectSchema(schema: JsonObject, convertOne: (inner: Json) => Json): Json {
  const properties = objectAt(schema, 'properties');
  // An object of which nothing is said may hold anything; one with properties is closed.
  const additional = schema['additionalProperties'] ?? (properties === undefined);
  return {
    type: 'object',
    ...(properties === undefined ? {} : { properties: mapValues(properties, convertOne) }),
    additionalProperties: typeof additional === 'boolean' ? additional : convertOne(additional),
  };
}

function arraySchema(schema: JsonObject, convertOne: (inner: Json) => Json): Json {
  const { items, prefixItems } = schema;
  return {
    type: 'array',
    ...(items === undefined || items === true || items === false ? {} : { items: convertOne(items) }),
    ...(Array.isArray(prefixItems) ? { prefixItems: prefixItems.map(convertOne) } : {}),
    ...count(schema, 'minItems'),
    ...count(schema, 'maxItems'),
  };
}

function stringSchema(schema: JsonObject, { stringCharactersMax }: GrammarOptions): Json {
  const format = schema['format'];
  if (format !== undefined && STRING_FORMATS.has(format)) return { type: 'string', format };
  const bounds = { ...(stringCharactersMax === undefined ? {} : { maxLength: stringCharactersMax }), ...count(schema, 'minLength'), ...count(schema, 'maxLength') };
  return { type: 'string', ...bounds };
}

/** Left out where llama.cpp could not count that far. */
function count(schema: JsonObject, key: string): Record<string, number> {
  const value = schema[key];
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= REPETITION_MAX ? { [key]: value } : {};
}

function definitionRef(ref: string): string {
  const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(ref)?.[1];
  if (name === undefined) throw unsupported(`the reference ${JSON.stringify(ref)}; only #/$defs/NAME can be followed`);
  return `#/$defs/${name}`;
}

function literal(value: Json): Json {
  if (typeof value === 'object' && value !== null) throw unsupported('an object or array in const or enum');
  return value;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(schema: JsonObject, key: string): JsonObject | undefined {
  const value = schema[key];
  return isObject(value) ? value : undefined;
}

function mapValues(object: JsonObject, map: (value: Json) => Json): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
