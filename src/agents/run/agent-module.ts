import { NanosError } from '../../protocol/errors.ts';
import type { FunctionType } from '../../sandbox/wasm/binary/wasm-module.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { FunctionImport } from '../../sandbox/wasm/metered-record.ts';
import { detectAbi } from '../abi/detect-abi.ts';
import { importSignature } from '../abi/import-signatures.ts';

const EXPORTS = {
  yielding: { memory: 'memory', nanos_alloc: 'function', nanos_start: 'function', nanos_resume: 'function' },
  blocking: { memory: 'memory' },
} as const;

/** What a module of an agent may import, whatever its ABI: docs/syscall-abi.md. */
export const AGENT_MODULE_RULES = {
  imports: (module: string, name: string, kind: string): boolean => kind === 'function' && importSignature(module, name) !== undefined,
};

/** Throws `module_refused` for a module that exports less than its ABI asks for, or imports what belongs to another one or is of another type. */
export function checkAgentModule({ module, functionImports }: MeteredModule): void {
  const kind = detectAbi(module)?.kind ?? 'yielding';
  const kinds = new Map(WebAssembly.Module.exports(module).map((exported) => [exported.name, exported.kind]));
  const missing = Object.entries(EXPORTS[kind]).filter(([name, wanted]) => kinds.get(name) !== wanted);
  if (missing.length > 0) throw new NanosError('module_refused', `The module is no agent: it has to export ${missing.map(([name, wanted]) => `the ${wanted} ${name}`).join(', ')}. See docs/syscall-abi.md`);
  for (const imported of functionImports) checkImport(imported, kind);
}

function checkImport({ module, name, type }: FunctionImport, kind: keyof typeof EXPORTS): void {
  if ((module === 'nanos') !== (kind === 'yielding')) {
    throw new NanosError('module_refused', `The module imports ${module}.${name}, which goes with other exports than it has. See docs/syscall-abi.md`);
  }
  const wanted = importSignature(module, name);
  if (wanted === undefined || describe(wanted) === describe(type)) return;
  throw new NanosError('module_refused', `The module imports ${module}.${name} as ${describe(type)}, and it is ${describe(wanted)}`);
}

function describe({ params, results }: FunctionType): string {
  return `(${params.join(', ')}) -> (${results.join(', ')})`;
}
