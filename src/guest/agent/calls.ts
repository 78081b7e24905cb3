/** Syscalls of the agent, from the promise that it gets to the reply that settles it. */
import { REPLY_STATUS, SYSCALLS, type SyscallName } from '../../protocol/agent/syscalls.ts';
import type { AbortSignal } from './abort-signal.ts';
import { engine } from './engine.ts';
import { moveStack } from './error-stack.ts';
import { syscallErrorFrom } from './syscall-error.ts';
import { decodeText } from './utf8.ts';

export interface CallOptions {
  /** goes after the head, as it is */
  readonly body?: string | Uint8Array | undefined;
  /** aborting it gives up the call */
  readonly signal?: AbortSignal | undefined;
  /** called with each chunk of a streamed reply, before the last part settles the promise */
  readonly onChunk?: ((chunk: Uint8Array<ArrayBuffer>) => void) | undefined;
}

interface PendingCall {
  readonly resolve: (reply: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (reason: unknown) => void;
  /** takes back what waits for the signal */
  readonly forget?: (() => void) | undefined;
  readonly onChunk?: CallOptions['onChunk'];
  /** made where the call was made: an error reply has its stack */
  readonly site: Error;
}

const NOWHERE = new Error('call');
const ID_MAX = 0x7fff_ffff;

/** Undefined for a call that was given up: its id is free again when the host has said so. */
const pending = new Map<number, PendingCall | undefined>();
let lastId = 0;
let isOver = false;

/** From now on nothing reaches the host, and no reply reaches the agent. */
export function endCalls(): void {
  isOver = true;
}

export function areCallsOver(): boolean {
  return isOver;
}

/** A syscall that wants no reply. `head` undefined: an empty payload. */
export function tell(name: 'log' | 'done' | 'exit', head: unknown, body?: string): void {
  if (isOver) return;
  engine.syscall(SYSCALLS[name].op, 0, textOf(head, body), undefined);
}

/** Resolves to what `read` makes of the reply's bytes. Rejects with a SyscallError, with the signal's reason, or with what `read` throws. */
export function call<T>(name: SyscallName, head: unknown, read: (reply: Uint8Array<ArrayBuffer>) => T, options: CallOptions = {}): Promise<T> {
  try {
    options.signal?.throwIfAborted();
    if (isOver) return new Promise(() => undefined);
    const id = newId();
    const reply = send(name, id, head, options.body);
    // The error is made here, where there are the fewest frames of our own on the stack: each costs a microsecond.
    return reply === undefined ? wait(id, read, options, new Error('call')) : Promise.resolve(read(reply));
  } catch (error) {
    return Promise.reject(error);
  }
}

function wait<T>(id: number, read: (reply: Uint8Array<ArrayBuffer>) => T, { signal, onChunk }: CallOptions, site: Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = signal?.onceAborted((reason) => {
      giveUp(id);
      reject(reason);
    });
    pending.set(id, { resolve: (reply) => resolve(read(reply)), reject, forget, onChunk, site });
  });
}

function newId(): number {
  do lastId = lastId === ID_MAX ? 1 : lastId + 1;
  while (pending.has(lastId));
  return lastId;
}

function send(name: SyscallName, id: number, head: unknown, body: string | Uint8Array | undefined): Uint8Array<ArrayBuffer> | undefined {
  const { op } = SYSCALLS[name];
  if (typeof body === 'object') return engine.syscall(op, id, JSON.stringify(head), body);
  return engine.syscall(op, id, textOf(head, body), undefined);
}

function textOf(head: unknown, body: string | undefined): string {
  const line = head === undefined ? '' : JSON.stringify(head);
  return body === undefined ? line : `${line}\n${body.toWellFormed()}`;
}

/** Starts a call whose reply is for the prelude itself; returns its id. The call may be answered at once: later, all the same. */
export function begin(name: SyscallName, head: unknown, onReply: () => void): number {
  const id = newId();
  if (isOver) return id;
  if (send(name, id, head, undefined) === undefined) pending.set(id, { resolve: onReply, reject: onReply, site: NOWHERE });
  else void Promise.resolve().then(onReply);
  return id;
}

/** The call's reply, which still comes, is nobody's. */
export function giveUp(id: number): void {
  if (pending.get(id) === undefined) return;
  pending.set(id, undefined);
  begin('cancel', { id }, () => undefined);
}

/** A reply that came by nanos_resume. One to a call that isn't pending, or of an unknown status, changes nothing. */
export function deliver(id: number, status: number, payload: Uint8Array<ArrayBuffer>): void {
  if (isOver || !pending.has(id)) return;
  const receiver = pending.get(id);
  if (status === REPLY_STATUS.chunk) {
    receiver?.onChunk?.(payload);
    return;
  }
  pending.delete(id);
  if (receiver === undefined) return;
  receiver.forget?.();
  if (status === REPLY_STATUS.result) resolveCall(receiver, payload);
  else receiver.reject(errorReply(payload, receiver.site));
}

function resolveCall({ resolve, reject }: PendingCall, payload: Uint8Array<ArrayBuffer>): void {
  try {
    resolve(payload);
  } catch (error) {
    reject(error);
  }
}

function errorReply(payload: Uint8Array, site: Error): Error {
  const error = syscallErrorFrom(decodeText(payload));
  moveStack(error, site);
  return error;
}
