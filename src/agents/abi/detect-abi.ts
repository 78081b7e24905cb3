/** How a module is entered, and whether its syscalls give the thread back while they wait. */
export type Abi =
  /** docs/syscall-abi.md, "Imports and exports" */
  | { readonly kind: 'yielding' }
  /** docs/syscall-abi.md, "Other languages": `run_agent` is the older `env` ABI, `_start` a WASI command */
  | { readonly kind: 'blocking'; readonly entry: 'run_agent' | '_start' };

/** Told by what the module exports; undefined: it is no agent. */
export function detectAbi(module: WebAssembly.Module): Abi | undefined {
  const functions = new Set(WebAssembly.Module.exports(module).flatMap(({ name, kind }) => (kind === 'function' ? [name] : [])));
  if (functions.has('nanos_start')) return { kind: 'yielding' };
  if (functions.has('run_agent')) return { kind: 'blocking', entry: 'run_agent' };
  return functions.has('_start') ? { kind: 'blocking', entry: '_start' } : undefined;
}
