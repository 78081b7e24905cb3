import type { BuildFailure, Location, Message } from 'esbuild';
import { isBuiltin } from 'node:module';
import { isErrorCode, NanosError, type ErrorCode, type SourcePosition } from '../../protocol/errors.ts';

const MESSAGES_MAX = 20;

/** Why a bundle failed: the first message and its place, and every other one with its own. Files are relative to the app's folder. */
export function buildError(failure: BuildFailure): NanosError {
  const [first, ...others] = failure.errors;
  if (first === undefined) return new NanosError('build_failed', failure.message);
  const lines = [explain(first), ...others.slice(0, MESSAGES_MAX - 1).map((message) => `${describePlace(message.location)}${explain(message)}`)];
  if (others.length >= MESSAGES_MAX) lines.push(`and ${others.length + 1 - MESSAGES_MAX} more errors`);
  return new NanosError(codeOf(first), lines.join('\n'), { position: positionOf(first.location) });
}

export function positionOf(location: Location | null): SourcePosition | undefined {
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
