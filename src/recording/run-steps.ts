import { unpackPayload } from '../protocol/agent/payload.ts';
import type { AskEntry, CallEntry, DecisionEntry, ReplyEntry, RestEntry } from '../protocol/agent/recording.ts';
import { REPLY_STATUS, SYSCALLS, type SyscallName } from '../protocol/agent/syscalls.ts';
import type { JournalReader } from './journal-reader.ts';

const ARGUMENT_BYTES_MAX = 512;

/** One completed syscall with an outside effect or observation, or one that never was completed. */
export interface RunStep {
  /** undefined: no reply is on record */
  readonly step: number | undefined;
  readonly call: number;
  readonly syscall: SyscallName;
  /** the beginning of the payload's JSON line */
  readonly arguments: string;
  /** bytes after that line */
  readonly argumentBytes: number;
  /** of what the guest was given, all chunks together */
  readonly resultBytes: number;
  /** `waiting`: for a person's word */
  readonly status: 'result' | 'error' | 'denied' | 'pending' | 'waiting';
  /** of a call that was approved with other arguments than these */
  readonly edited?: true | undefined;
  /** the code of an error */
  readonly code?: string | undefined;
  /** charged until the guest rested after it got the result, as far as that is on record; decimal */
  readonly fuel?: string | undefined;
  readonly memoryPages?: number | undefined;
  readonly latencyUs?: number | undefined;
  readonly tokens?: number | undefined;
}

interface OpenCall {
  readonly entry: CallEntry['head'];
  readonly syscall: SyscallName;
  readonly arguments: string;
  readonly argumentBytes: number;
  resultBytes: number;
  waits: boolean;
  edited: boolean;
}

/** The steps of a run in the order of their results; last, the calls without one. Holds the calls that are open, and the steps of one activation. */
export function* runSteps(reader: JournalReader): Generator<RunStep, void> {
  const open = new Map<number, OpenCall>();
  let done: RunStep[] = [];
  for (const { entry } of reader.entries()) {
    if (entry.kind === 'call') rememberCall(entry, open);
    else if (entry.kind === 'reply') done.push(...completeStep(entry, open));
    else if (entry.kind === 'ask' || entry.kind === 'decision') noteApproval(entry, open.get(entry.head.call));
    else if (entry.kind === 'rest') {
      yield* done.map((step) => rested(step, entry));
      done = [];
    }
  }
  yield* done;
  for (const call of open.values()) yield { ...describeCall(call), step: undefined, status: call.waits ? 'waiting' : 'pending' };
}

function rememberCall({ head, body }: CallEntry, open: Map<number, OpenCall>): void {
  if (head.name === 'unknown' || !SYSCALLS[head.name].isStep) return;
  const lineEnd = body.indexOf(10);
  const line = lineEnd < 0 ? body : body.subarray(0, lineEnd);
  const text = new TextDecoder().decode(line.subarray(0, ARGUMENT_BYTES_MAX));
  open.set(head.call, { entry: head, syscall: head.name, arguments: text, argumentBytes: lineEnd < 0 ? 0 : body.length - lineEnd - 1, resultBytes: 0, waits: false, edited: false });
}

function noteApproval(entry: AskEntry | DecisionEntry, call: OpenCall | undefined): void {
  if (call === undefined) return;
  call.waits = entry.kind === 'ask';
  call.edited = entry.body !== undefined;
}

function completeStep({ head, body, outside }: ReplyEntry, open: Map<number, OpenCall>): RunStep[] {
  const call = open.get(head.call);
  if (call === undefined) return [];
  call.resultBytes += body.length;
  if (head.status === REPLY_STATUS.chunk) return [];
  open.delete(head.call);
  const isError = head.status === REPLY_STATUS.error;
  const status = head.denied === undefined ? (isError ? 'error' : 'result') : 'denied';
  return [{ ...describeCall(call), step: head.step, status, code: isError ? errorCode(body) : undefined, ...outside }];
}

function describeCall({ entry, syscall, arguments: text, argumentBytes, resultBytes, edited }: OpenCall): Omit<RunStep, 'step' | 'status'> {
  return { call: entry.call, syscall, arguments: text, argumentBytes, resultBytes, ...(edited ? { edited } : {}) };
}

function rested(step: RunStep, { head }: RestEntry): RunStep {
  return { ...step, fuel: head.fuel, memoryPages: head.memoryPages };
}

function errorCode(body: Uint8Array): string | undefined {
  try {
    const { head } = unpackPayload(body);
    return typeof head === 'object' && head !== null && 'code' in head ? String(head.code) : undefined;
  } catch {
    return undefined;
  }
}
