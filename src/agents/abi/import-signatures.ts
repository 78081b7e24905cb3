import type { FunctionType } from '../../sandbox/wasm/binary/wasm-module.ts';

/** `i` is an i32, `I` an i64; the result stands behind the colon. */
type Signature = string;

const NANOS: Readonly<Record<string, Signature>> = { syscall: 'iiii:I', clock: ':I', random: 'ii:' };

/** The older synchronous ABI: pointers with lengths, then where the reply goes and how much fits there. */
const ENV = {
  fs_read: 'iiii:i',
  fs_write: 'iiiiii:i',
  web_get: 'iiii:i',
  llm_infer: 'iiii:i',
  memory_store: 'ii:i',
  memory_recall: 'iiii:i',
  get_manifest_goal: 'ii:i',
  get_manifest_tools: 'ii:i',
  agent_send: 'iiii:i',
  agent_recv: 'ii:i',
  mcp_call: 'iiiiiiii:i',
} as const satisfies Readonly<Record<string, Signature>>;

/** WASI preview 1 (snapshot_preview1): all of it, so that what a libc merely links is no reason to refuse a module. */
const WASI = {
  args_get: 'ii:i',
  args_sizes_get: 'ii:i',
  environ_get: 'ii:i',
  environ_sizes_get: 'ii:i',
  clock_res_get: 'ii:i',
  clock_time_get: 'iIi:i',
  fd_advise: 'iIIi:i',
  fd_allocate: 'iII:i',
  fd_close: 'i:i',
  fd_datasync: 'i:i',
  fd_fdstat_get: 'ii:i',
  fd_fdstat_set_flags: 'ii:i',
  fd_fdstat_set_rights: 'iII:i',
  fd_filestat_get: 'ii:i',
  fd_filestat_set_size: 'iI:i',
  fd_filestat_set_times: 'iIIi:i',
  fd_pread: 'iiiIi:i',
  fd_prestat_get: 'ii:i',
  fd_prestat_dir_name: 'iii:i',
  fd_pwrite: 'iiiIi:i',
  fd_read: 'iiii:i',
  fd_readdir: 'iiiIi:i',
  fd_renumber: 'ii:i',
  fd_seek: 'iIii:i',
  fd_sync: 'i:i',
  fd_tell: 'ii:i',
  fd_write: 'iiii:i',
  path_create_directory: 'iii:i',
  path_filestat_get: 'iiiii:i',
  path_filestat_set_times: 'iiiiIIi:i',
  path_link: 'iiiiiii:i',
  path_open: 'iiiiiIIii:i',
  path_readlink: 'iiiiii:i',
  path_remove_directory: 'iii:i',
  path_rename: 'iiiiii:i',
  path_symlink: 'iiiii:i',
  path_unlink_file: 'iii:i',
  poll_oneoff: 'iiii:i',
  proc_exit: 'i:',
  proc_raise: 'i:i',
  random_get: 'ii:i',
  sched_yield: ':i',
  sock_accept: 'iii:i',
  sock_recv: 'iiiiii:i',
  sock_send: 'iiiii:i',
  sock_shutdown: 'ii:i',
} as const satisfies Readonly<Record<string, Signature>>;

export type EnvName = keyof typeof ENV;
export type WasiName = keyof typeof WASI;

export const WASI_NAMES = Object.keys(WASI) as readonly WasiName[];

const MODULES: Readonly<Record<string, Readonly<Record<string, Signature>>>> = { nanos: NANOS, env: ENV, wasi_snapshot_preview1: WASI };

/** How a function that modules may import has to be declared; undefined: there is none of that name. */
export function importSignature(module: string, name: string): FunctionType | undefined {
  const functions = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined;
  const signature = functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (signature === undefined) return undefined;
  const [params = '', results = ''] = signature.split(':');
  return { params: types(params), results: types(results) };
}

function types(letters: string): FunctionType['params'] {
  return Array.from(letters, (letter) => (letter === 'i' ? 'i32' : 'i64'));
}
