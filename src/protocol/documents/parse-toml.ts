import { TomlDate, TomlError, parse } from 'smol-toml';
import type { Json } from '../app.ts';
import { NanosError } from '../errors.ts';
import { CONFIG_DEPTH_MAX, configDocument, setOwn, summary } from './config-document.ts';
import type { ConfigDocument } from './config-document.ts';
import { tomlPlaces } from './toml-places.ts';

/** TOML 1.0. Dates become text, as they have no other form in JSON. */
export function parseToml(file: string, text: string): ConfigDocument {
  const data = toJson(file, parseOrThrow(file, text), 0);
  return configDocument(file, text, data, tomlPlaces(text));
}

function parseOrThrow(file: string, text: string): unknown {
  try {
    return parse(text, { maxDepth: CONFIG_DEPTH_MAX });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    throw new NanosError('config_invalid', summary(error.message.replace(/^Invalid TOML document: /, '')), { cause: error, position: { file, line, column } });
  }
}

function toJson(file: string, value: unknown, depth: number): Json {
  if (depth > CONFIG_DEPTH_MAX) throw invalid(file, `Nested more than ${CONFIG_DEPTH_MAX} levels deep`);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => toJson(file, item, depth + 1));
  if (typeof value !== 'object' || value === null) throw invalid(file, 'nan and inf are not allowed');
  const data: { [key: string]: Json } = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw invalid(file, 'Key "__proto__" is not allowed');
    setOwn(data, key, toJson(file, item, depth + 1));
  }
  return data;
}

function invalid(file: string, message: string): NanosError {
  return new NanosError('config_invalid', message, { position: { file, line: 1, column: 1 } });
}
