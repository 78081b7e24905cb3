import { inspect } from 'node:util';
import { toErrorData, type SourcePosition } from '../protocol/errors.ts';
import { printable } from './printable.ts';

/** `nanos: file:line:column: message (code)`; with `debug`, the stack and the causes below it. */
export function describeError(error: unknown, debug: boolean): string {
  const { code, message, position } = toErrorData(error);
  const line = `nanos: ${position === undefined ? '' : `${describePosition(position)}: `}${message} (${code})`;
  return printable(debug ? `${line}\n${inspect(error)}` : line);
}

export function describePosition({ file, line, column }: SourcePosition): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
