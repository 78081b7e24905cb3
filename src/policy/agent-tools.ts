/** Which syscalls a manifest's `tools` grants, and the names that it may use for them. */
import { SYSCALLS } from '../protocol/agent/syscalls.ts';
import type { SyscallKind, SyscallName } from '../protocol/agent/syscalls.ts';
import { ALLOWED, denied } from './agent-verdict.ts';
import type { AgentVerdict } from './agent-verdict.ts';

const KINDS: readonly (readonly [string, SyscallKind])[] = Object.entries(SYSCALLS);

/** As they stand in a manifest. */
export const TOOL_NAMES: readonly string[] = KINDS.flatMap(([, kind]) => kind.tool ?? []);

/** Of the synchronous ABI, and of manifests written for it. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  web_get: 'web_fetch',
  agent_send: 'fleet_send',
  agent_recv: 'fleet_recv',
};

/** Calls that need no grant may be named all the same. */
const FREE_NAMES: ReadonlySet<string> = new Set([...KINDS.flatMap(([name, kind]) => (kind.tool === undefined ? name : [])), 'get_manifest_goal', 'get_manifest_tools']);

/** The tools that a name in a manifest stands for: one, or none for a call that needs no grant; undefined for no name of a tool. */
export function toolsNamed(name: string): readonly string[] | undefined {
  if (TOOL_NAMES.includes(name)) return [name];
  const older = Object.hasOwn(OLDER_NAMES, name) ? OLDER_NAMES[name] : undefined;
  if (older !== undefined) return [older];
  return FREE_NAMES.has(name) ? [] : undefined;
}

/** `tools` of the manifest, as read; undefined grants every tool. */
export function toolAllowed(name: SyscallName, tools: readonly string[] | undefined): AgentVerdict {
  const kind: SyscallKind = SYSCALLS[name];
  if (kind.tool === undefined || tools === undefined || tools.includes(kind.tool)) return ALLOWED;
  return denied(`tool ${kind.tool}`, tools.length === 0 ? 'tools grants nothing' : `tools: ${tools.join(', ')}`);
}

/** The tool of a syscall, when it is among those that a person must approve. */
export function toolToApprove(name: SyscallName, approve: readonly string[]): string | undefined {
  const { tool }: SyscallKind = SYSCALLS[name];
  return tool !== undefined && approve.includes(tool) ? tool : undefined;
}

/** For the syscall `tools`: the names of all tools that are granted, in the order of the table. */
export function grantedTools(tools: readonly string[] | undefined): readonly string[] {
  return TOOL_NAMES.filter((tool) => tools === undefined || tools.includes(tool));
}
