import type { BuildFailure, Location, Message } from 'esbuild';
import { isBuiltin } from 'node:module';
import { NanosError } from '../../protocol/errors.ts';

const MESSAGES_MAX = 20;

export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** Why an agent can't be bundled: the first message with its place, and the others each with its own. Files are relative to the entry's folder. */
export function agentError({ errors, message }: BuildFailure): NanosError {
  const [first, ...others] = errors.toSorted((a, b) => comparePlaces(a.location, b.location));
  if (first === undefined) return new NanosError('build_failed', message);
  const lines = [explain(first), ...others.slice(0, MESSAGES_MAX - 1).map((other) => `${describePlace(other.location)}${explain(other)}`)];
  if (others.length >= MESSAGES_MAX) lines.push(`and ${others.length + 1 - MESSAGES_MAX} more errors`);
  const { location } = first;
  const position = location === null ? undefined : { file: location.file, line: location.line, column: location.column + 1 };
  return new NanosError('build_failed', lines.join('\n'), { position });
}

/** The bundler reads files side by side: its messages come in no order. */
function comparePlaces(a: Location | null, b: Location | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

function describePlace(location: Location | null): string {
  return location === null ? '' : `${location.file}:${location.line}:${location.column + 1}: `;
}

function explain({ text }: Message): string {
  const unresolved = /^Could not resolve "(?<specifier>.+)"$/u.exec(text)?.groups?.['specifier'];
  if (unresolved === undefined || !(isBuiltin(unresolved) || /^[a-z]+:/u.test(unresolved))) return text;
  return `${unresolved} is not available: agents get the language and nanos/agent`;
}
