/** The older synchronous ABI, module `env`: docs/syscall-abi.md, "Other languages". */
import { createHash } from 'node:crypto';
import { parseHead, unpackPayload } from '../../protocol/agent/payload.ts';
import { SYSCALL_ERROR_CODES } from '../../protocol/agent/syscall-errors.ts';
import { GuestFault } from '../../sandbox/wasm/guest-fault.ts';
import { RUN_LIMITS } from '../run/run-limits.ts';
import { CallFailed, type BlockingCalls } from './blocking-calls.ts';
import { MemoryFault, type GuestMemory } from './guest-memory.ts';
import type { EnvName } from './import-signatures.ts';

export type EnvImports = Readonly<Record<EnvName, (...args: number[]) => number>>;

/** What the functions without a buffer for a reply return when all went well. */
const DONE = 1;
/** What `fs_write` leaves in its buffer. */
const WRITTEN = new TextEncoder().encode('OK');

/** Each function gives the bytes that it wrote to the guest's buffer, as many of the reply's as fit there, or an error's number below 0. */
export function envImports(calls: BlockingCalls, memory: GuestMemory): EnvImports {
  const text = (pointer: number, length: number): string => memory.text(pointer, argumentLength(length)) ?? invalid('A text is not UTF-8');
  const bytes = (pointer: number, length: number): Uint8Array => memory.bytes(pointer, argumentLength(length));
  const reply = (bytes: Uint8Array, pointer: number, lengthMax: number): number => {
    const fitting = bytes.subarray(0, lengthMax >>> 0);
    memory.write(pointer, fitting);
    return fitting.length;
  };
  /** A buffer that is not in memory is found out before the call acts. */
  const replying = (pointer: number, lengthMax: number, act: () => Uint8Array): number => {
    memory.view(pointer, lengthMax);
    return reply(act(), pointer, lengthMax);
  };
  const functions: EnvImports = {
    fs_read: (path = 0, length = 0, out = 0, max = 0) => replying(out, max, () => calls.call('fs_read', { path: text(path, length) })),
    fs_write: (path = 0, length = 0, content = 0, contentLength = 0, out = 0, max = 0) =>
      replying(out, max, () => {
        calls.call('fs_write', { path: text(path, length) }, bytes(content, contentLength));
        return WRITTEN;
      }),
    web_get: (url = 0, length = 0, out = 0, max = 0) => replying(out, max, () => bodyOf(calls.call('web_fetch', { url: text(url, length) }))),
    llm_infer: (prompt = 0, length = 0, out = 0, max = 0) => replying(out, max, () => calls.call('llm_infer', {}, bytes(prompt, length))),
    memory_store: (content = 0, length = 0) => {
      const stored = bytes(content, length);
      calls.call('memory_store', { key: keyOf(stored) }, stored);
      return DONE;
    },
    memory_recall: (query = 0, length = 0, out = 0, max = 0) => replying(out, max, () => calls.call('memory_recall', { query: text(query, length) })),
    get_manifest_goal: (out = 0, max = 0) => replying(out, max, () => calls.call('goal', {})),
    get_manifest_tools: (out = 0, max = 0) => replying(out, max, () => calls.call('tools', {})),
    agent_send: (to = 0, length = 0, message = 0, messageLength = 0) => {
      calls.call('fleet_send', { to: text(to, length) }, bytes(message, messageLength));
      return DONE;
    },
    agent_recv: (out = 0, max = 0) => replying(out, max, () => received(calls)),
    mcp_call: (server = 0, serverLength = 0, tool = 0, toolLength = 0, args = 0, argsLength = 0, out = 0, max = 0) =>
      replying(out, max, () => {
        const head = { server: text(server, serverLength), tool: text(tool, toolLength) };
        return calls.call('mcp_call', argsLength === 0 ? head : { ...head, arguments: json(bytes(args, argsLength)) });
      }),
  };
  return Object.fromEntries(Object.entries(functions).map(([name, act]) => [name, guarded(act)])) as EnvImports;
}

function guarded(act: (...args: number[]) => number): (...args: number[]) => number {
  return (...args) => {
    try {
      return act(...args);
    } catch (error) {
      if (error instanceof MemoryFault) throw new GuestFault('agent_abi', error.message);
      if (error instanceof CallFailed) return envError(error);
      throw error;
    }
  };
}

/** -1 for the first code of the list, and so on. */
function envError({ code }: CallFailed): number {
  return -1 - SYSCALL_ERROR_CODES.indexOf(code);
}

function argumentLength(length: number): number {
  if (length >>> 0 > RUN_LIMITS.argumentBytesMax) throw new CallFailed('too_large', `Arguments may have ${RUN_LIMITS.argumentBytesMax} bytes`);
  return length;
}

function invalid(message: string): never {
  throw new CallFailed('invalid_argument', message);
}

/** This ABI stores texts without a key: equal ones are one. */
function keyOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(text: Uint8Array): unknown {
  try {
    return parseHead(text);
  } catch (error) {
    if (error instanceof RangeError) throw new CallFailed('too_large', error.message);
    return invalid('The arguments of a tool are not JSON');
  }
}

function bodyOf(payload: Uint8Array): Uint8Array {
  return unpackPayload(payload).body ?? new Uint8Array(0);
}

/** The text of a message that is there already; empty when none is. */
function received(calls: BlockingCalls): Uint8Array {
  try {
    const { text } = unpackPayload(calls.call('fleet_recv', { timeoutMs: 0 })).head as { text: string };
    return new TextEncoder().encode(text);
  } catch (error) {
    if (error instanceof CallFailed && error.code === 'timeout') return new Uint8Array(0);
    throw error;
  }
}
