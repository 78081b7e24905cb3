/**
 * The syscalls of agents: number, name and nature. The one table, known to host and guest; docs/syscall-abi.md is checked against it.
 * Arguments and replies are payloads (payload.ts); what each holds is in docs/syscall-abi.md.
 */

export interface SyscallKind {
  readonly op: number;
  /** what a manifest's `tools` must name, for calls that are tools; the others need no grant */
  readonly tool?: string;
  /** counts against `max_steps` */
  readonly isStep: boolean;
  /** `none`: only observes · `idempotent`: doing it twice is doing it once · `effect`: must not be done twice. Both others commit their intent before they act. */
  readonly effect: 'none' | 'idempotent' | 'effect';
}

export const SYSCALLS = {
  log: { op: 1, isStep: false, effect: 'none' },
  goal: { op: 2, isStep: false, effect: 'none' },
  tools: { op: 3, isStep: false, effect: 'none' },
  done: { op: 4, isStep: false, effect: 'none' },
  exit: { op: 5, isStep: false, effect: 'none' },
  timer: { op: 6, isStep: false, effect: 'none' },
  /** gives up a call that is pending: `{ "id": n }` */
  cancel: { op: 7, isStep: false, effect: 'none' },
  fs_read: { op: 16, tool: 'fs_read', isStep: true, effect: 'none' },
  fs_write: { op: 17, tool: 'fs_write', isStep: true, effect: 'idempotent' },
  fs_list: { op: 18, tool: 'fs_list', isStep: true, effect: 'none' },
  fs_stat: { op: 19, tool: 'fs_stat', isStep: true, effect: 'none' },
  /** with the folders on the way; one that is there is no error */
  fs_mkdir: { op: 20, tool: 'fs_mkdir', isStep: true, effect: 'idempotent' },
  /** a file or an empty folder; one that is not there is no error */
  fs_remove: { op: 21, tool: 'fs_remove', isStep: true, effect: 'idempotent' },
  fs_rename: { op: 22, tool: 'fs_rename', isStep: true, effect: 'effect' },
  web_fetch: { op: 32, tool: 'web_fetch', isStep: true, effect: 'effect' },
  llm_infer: { op: 48, tool: 'llm_infer', isStep: true, effect: 'none' },
  llm_chat: { op: 49, tool: 'llm_chat', isStep: true, effect: 'none' },
  llm_embed: { op: 50, tool: 'llm_embed', isStep: true, effect: 'none' },
  mcp_call: { op: 64, tool: 'mcp_call', isStep: true, effect: 'effect' },
  mcp_list_tools: { op: 65, tool: 'mcp_list_tools', isStep: true, effect: 'none' },
  mcp_read_resource: { op: 66, tool: 'mcp_read_resource', isStep: true, effect: 'none' },
  mcp_get_prompt: { op: 67, tool: 'mcp_get_prompt', isStep: true, effect: 'none' },
  memory_store: { op: 80, tool: 'memory_store', isStep: true, effect: 'idempotent' },
  memory_recall: { op: 81, tool: 'memory_recall', isStep: true, effect: 'none' },
  fleet_send: { op: 96, tool: 'fleet_send', isStep: true, effect: 'effect' },
  fleet_recv: { op: 97, tool: 'fleet_recv', isStep: true, effect: 'effect' },
} as const satisfies Record<string, SyscallKind>;

export type SyscallName = keyof typeof SYSCALLS;

/** Of `nanos_resume`. */
export const REPLY_STATUS = { result: 0, error: 1, chunk: 2 } as const;

export type ReplyStatus = (typeof REPLY_STATUS)[keyof typeof REPLY_STATUS];

/** What `nanos.syscall` returns when the reply comes later, by `nanos_resume`. */
export const PENDING = -1n;
