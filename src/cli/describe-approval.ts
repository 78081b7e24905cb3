import type { PendingApproval } from '../protocol/agent/control.ts';
import { bytesText } from './describe-run.ts';
import { visible } from './visible.ts';

const ARGUMENTS_CHARACTERS_MAX = 2_000;
const BODY_LINES_MAX = 12;
const BODY_CHARACTERS_MAX = 1_200;
const MARGIN = '    ';

/** A call that waits, for a person who decides about it: everything in it is an agent's word, and is shown as text. */
export function describeApproval({ call, tool, syscall, arguments: args, arguments_bytes: bytes, body }: PendingApproval): string {
  const shown = args.length > ARGUMENTS_CHARACTERS_MAX || Buffer.byteLength(args) < bytes ? `${visible(args.slice(0, ARGUMENTS_CHARACTERS_MAX))}… (${bytesText(bytes)})` : visible(args);
  const what = syscall === tool ? syscall : `${syscall} (${tool})`;
  return `call ${call}: ${what}\n${MARGIN}${shown}\n${body === undefined ? '' : describeBody(body)}`;
}

function describeBody({ bytes, text }: { readonly bytes: number; readonly text: string }): string {
  const whole = text.replace(/\n$/u, '');
  const lines = whole.slice(0, BODY_CHARACTERS_MAX).split('\n').slice(0, BODY_LINES_MAX);
  const isCut = lines.join('\n').length < whole.length || Buffer.byteLength(text) < bytes;
  return [`with ${bytesText(bytes)}${isCut ? ', of which the beginning:' : ':'}`, ...lines.map((line) => `| ${visible(line)}`)].map((line) => `${MARGIN}${line}\n`).join('');
}

/** What to type to decide. */
export function decisionCommands(id: string, { call }: Pick<PendingApproval, 'call'>, data: string): string {
  const command = `nanos approve ${id} ${call}`;
  const where = data === '.nanos' ? '' : ` --data ${quoted(data)}`;
  return [`${command}${where}`, `${command} --deny "REASON"${where}`, `${command} --edit '{…}' --body FILE${where}`].map((line) => `${MARGIN}${line}\n`).join('');
}

function quoted(word: string): string {
  return /^[\w./-]+$/u.test(word) ? word : `'${visible(word).replaceAll("'", String.raw`'\''`)}'`;
}
