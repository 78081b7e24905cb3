import type { AbortSignal } from './abort-signal.ts';
import type { SyscallName } from '../../protocol/agent/syscalls.ts';
import type { CallOptions } from './calls.ts';
import type { Runtime } from './prelude.ts';

/** The prelude, as the SDK sees it: the SDK is part of an agent's bundle, the prelude of the engine. */
export const runtime = /* @__PURE__ */ Reflect.get(globalThis, '__nanos') as Runtime;

export interface Cancellable {
  /** aborting it gives up the call, which rejects with the signal's reason */
  readonly signal?: AbortSignal | undefined;
}

export function callForBytes(name: SyscallName, head: unknown, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>> {
  return runtime.call(name, head, asIs, options);
}

export function callForText(name: SyscallName, head: unknown, options?: CallOptions): Promise<string> {
  return runtime.call(name, head, runtime.decodeText, options);
}

/** Rejects with a SyntaxError when the reply is no JSON. */
export function callForJson<T>(name: SyscallName, head: unknown, options?: CallOptions): Promise<T> {
  return runtime.call(name, head, parse<T>, options);
}

/** For syscalls whose reply says nothing. */
export function callForNothing(name: SyscallName, head: unknown, options?: CallOptions): Promise<void> {
  return runtime.call(name, head, () => undefined, options);
}

function asIs(reply: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return reply;
}

function parse<T>(reply: Uint8Array): T {
  return JSON.parse(runtime.decodeText(reply)) as T;
}
