import type { BuildFailure, Location, Message } from 'esbuild';
import { isBuiltin } from 'node:module';
import { isErrorCode, NanosError, type ErrorCode, type SourcePosition } from '../../protocol/errors.ts';

const MESSAGES_MAX = 20;

/** Why a bundle failed: the first message and its place, and the others each with its own. Files are relative to the app's folder. */
export function buildError(failure: BuildFailure): NanosError {
  const [first, ...others] = failure.errors.toSorted(byPlace);
  if (first === undefined) return new NanosError('build_failed', failure.message);
  const lines = [explain(first), ...others.slice(0, MESSAGES_MAX - 1).map((message) => `${describePlace(message.location)}${explain(message)}`)];
  if (others.length >= MESSAGES_MAX) lines.push(`and ${others.length + 1 - MESSAGES_MAX} more errors`);
  return new NanosError(codeOf(first), lines.join('\n'), { position: positionOf(first.location) });
}

/** The bundler reads files side by side: its messages come in no order. */
function byPlace({ location: a }: Message, { location: b }: Message): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

function positionOf(location: Location | null): SourcePosition | undefined {
  return location === null ? undefined : { file: location.file, line: location.line, column: location.column + 1 };
}

function describePlace(location: Location | null): string {
  return location === null ? '' : `${location.file}:${location.line}:${location.column + 1}: `;
}

/** Plugins name a code in `detail`. */
function codeOf(message: Message): ErrorCode {
  const detail: unknown = message.detail;
  return typeof detail === 'string' && isErrorCode(detail) ? detail : 'build_failed';
}

function explain({ text }: Message): string {
  const unresolved = /^Could not resolve "(?<specifier>.+)"$/u.exec(text)?.groups?.['specifier'];
  if (unresolved !== undefined && (isBuiltin(unresolved) || /^[a-z]+:/u.test(unresolved))) {
    return `${unresolved} is not available: apps get the Workers API`;
  }
  const unloadable = /^No loader is configured for "(?<ending>.+)" files: (?<path>.+)$/u.exec(text)?.groups;
  if (unloadable !== undefined) return noRule(unloadable['path'] ?? '', unloadable['ending'] ?? '');
  return text;
}

export function noRule(path: string, ending: string): string {
  return `Nothing says how to import ${path}: add a rule such as { "type": "Text", "globs": ["**/*${ending}"] } to the app's configuration`;
}
