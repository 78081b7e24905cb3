/**
 * The SDK of agents: `import { agent, fs } from 'nanos/agent'`. Everything but logging asks the host, which grants or denies by the manifest:
 * a denied call rejects with PermissionDenied, any other that fails with SyscallError. docs/agent-sdk.md shows each in use.
 */
import { runtime } from './runtime.ts';
import type { PermissionDenied as PermissionDeniedClass, SyscallError as SyscallErrorClass } from './syscall-error.ts';

export * as agent from './agent.ts';
export * as fleet from './fleet.ts';
export * as fs from './fs.ts';
export * as llm from './llm.ts';
export * as mcp from './mcp.ts';
export * as memory from './memory.ts';
export * as web from './web.ts';

/** A syscall that the host answered with an error; `code` is stable. */
export const SyscallError: typeof SyscallErrorClass = /* @__PURE__ */ Reflect.get(runtime, 'SyscallError');
export type SyscallError = SyscallErrorClass;
/** The manifest or the operator does not allow it: `asked` and `rule` say what and why. */
export const PermissionDenied: typeof PermissionDeniedClass = /* @__PURE__ */ Reflect.get(runtime, 'PermissionDenied');
export type PermissionDenied = PermissionDeniedClass;
