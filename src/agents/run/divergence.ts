import { isDeepStrictEqual } from 'node:util';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { printableBytes } from './printable-bytes.ts';

/** Where a replay first did otherwise than the recording. */
export interface Divergence {
  /** steps that were completed until then */
  readonly step: number;
  readonly activation: number;
  readonly expected: string;
  readonly actual: string;
}

export class DivergenceError extends NanosError {
  readonly divergence: Divergence;

  constructor(divergence: Divergence) {
    const { step, activation, expected, actual } = divergence;
    super('replay_diverged', `The replay went another way after step ${step} (activation ${activation}): expected ${expected}, got ${actual}`);
    this.divergence = divergence;
  }
}

/** What SecretMask of util puts in place of a secret. */
const MASKED = '[secret]';
const NO_BYTES = new Uint8Array(0);

type Fields = Readonly<Record<string, unknown>>;

/** The fields in which two entries must agree but do not, as words; undefined when they do not differ. What only describes the recording (snapshots, latency) may differ. */
export function compareEntries(expected: JournalEntry | undefined, actual: JournalEntry): { readonly expected: string; readonly actual: string } | undefined {
  if (expected === undefined) return { expected: 'nothing more', actual: describeEntry(actual) };
  if (expected.kind !== actual.kind) return { expected: describeEntry(expected), actual: describeEntry(actual) };
  const [before, now] = [comparedFields(expected), comparedFields(actual)];
  const differing = Object.keys(before).filter((key) => before[key] !== undefined && now[key] !== undefined && !fieldsAgree(before[key], now[key]));
  if (differing.length === 0 && bodiesAgree(expected, actual)) return undefined;
  const subject = expected.kind === 'call' ? '' : `${expected.kind} with `;
  if (expected.kind === 'call' || differing.length === 0) return { expected: describeEntry(expected), actual: describeEntry(actual) };
  return { expected: subject + describeFields(before, differing), actual: subject + describeFields(now, differing) };
}

function comparedFields({ kind, head }: JournalEntry): Fields {
  if (kind !== 'rest') return { ...head };
  const { snapshot: _snapshot, waiting: _waiting, ...fields } = head;
  return fields;
}

function fieldsAgree(expected: unknown, actual: unknown): boolean {
  if (typeof expected === 'string' && typeof actual === 'string') return agreesWithMasked(expected, actual);
  return isDeepStrictEqual(expected, actual);
}

function bodiesAgree(expected: JournalEntry, actual: JournalEntry): boolean {
  if (expected.kind === 'rest') return true;
  const [before, now] = [Buffer.from(expected.body ?? NO_BYTES), Buffer.from(actual.body ?? NO_BYTES)];
  return before.equals(now) || agreesWithMasked(before.toString('latin1'), now.toString('latin1'));
}

/** Known secrets were masked before they were recorded, and a replay does not know them: where one was, anything may be. */
function agreesWithMasked(expected: string, actual: string): boolean {
  const [first = '', ...rest] = expected.split(MASKED);
  const last = rest.pop();
  if (last === undefined) return expected === actual;
  if (!actual.startsWith(first) || !actual.slice(first.length).endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = actual.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= actual.length - last.length;
}

function describeFields(fields: Fields, names: readonly string[]): string {
  return names.map((name) => `${name} ${typeof fields[name] === 'string' ? fields[name] : JSON.stringify(fields[name])}`).join(', ');
}

function describeEntry(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'run':
      return 'the beginning of a run';
    case 'call':
      return `the call ${entry.head.name} (op ${entry.head.op}, id ${entry.head.id}) of ${printableBytes(entry.body)}`;
    case 'ask':
      return `a question about call ${entry.head.call}`;
    case 'decision':
      return `the decision to ${entry.head.decision} call ${entry.head.call}`;
    case 'act':
      return `the making of call ${entry.head.call}, which was approved`;
    case 'reply':
      return `a reply to call ${entry.head.call}`;
    case 'rest':
      return `a rest, ${entry.head.fuel} fuel spent`;
    case 'end':
      return `the end ${entry.head.end} (${printableBytes(new TextEncoder().encode(entry.head.message))}), ${entry.head.fuel} fuel spent`;
  }
}
