import { setFlagsFromString } from 'node:v8';
import { NanosError } from '../../protocol/errors.ts';
import { InstructionWalker } from './binary/instruction-walker.ts';
import { readModule } from './binary/read-module.ts';
import { SECTION } from './binary/sections.ts';
import { tooMuch } from './binary/too-much.ts';
import type { Body, ExternalKind, Import, WasmModule } from './binary/wasm-module.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

/** What a caller lets a module import. */
export interface ModuleRules {
  imports(module: string, name: string, kind: ExternalKind): boolean;
}

/** A module that passed `validateModule`: the only kind that may be metered. */
export interface ValidatedModule extends WasmModule {
  readonly validated: true;
}

/** Exports that metering adds begin so, and no module may have them before. */
export const RESERVED_PREFIX = '__nanos_';

/**
 * Checks a module as its author made it: malformed or invalid ones throw module_invalid; a feature, import, name or size that is not accepted throws module_refused, named.
 * Only what passes here may be metered: instructions that are invalid in the original could become valid by what metering adds.
 */
export function validateModule(bytes: Uint8Array, rules: ModuleRules): ValidatedModule {
  if (bytes.length > WASM_LIMITS.moduleBytesMax) tooMuch('bytes', bytes.length, WASM_LIMITS.moduleBytesMax);
  const module = readModule(bytes);
  checkCounts(module);
  checkImports(module.imports, rules);
  checkExports(module);
  for (const [index, body] of module.bodies.entries()) checkBody(module, body, module.imported.function + index);
  if (!WebAssembly.validate(bytes)) throw new NanosError('module_invalid', `The module is not valid: ${reasonOf(bytes)}`);
  return { ...module, validated: true };
}

function checkCounts(module: WasmModule): void {
  const counts: readonly (readonly [what: string, count: number, max: number])[] = [
    ['types', module.types.length, WASM_LIMITS.typesMax],
    ['imports', module.imports.length, WASM_LIMITS.importsMax],
    ['exports', module.exports.length, WASM_LIMITS.exportsMax],
    ['globals', module.globals.length, WASM_LIMITS.globalsMax],
    ['tags', module.tags.length, WASM_LIMITS.tagsMax],
    ['functions', module.functions.length, WASM_LIMITS.functionsMax],
    ['memories', module.memories.length, 1],
    ['tables', module.tables.length, WASM_LIMITS.tablesMax],
    ['declarations of locals', module.bodies.reduce((sum, { locals }) => sum + locals.length, 0), WASM_LIMITS.localGroupsMax],
    ['element segments', module.elements.length, WASM_LIMITS.elementSegmentsMax],
    ['data segments', module.data.length, WASM_LIMITS.dataSegmentsMax],
    ['custom sections', module.sections.filter(({ id }) => id === SECTION.custom).length, WASM_LIMITS.customSectionsMax],
    ...module.types.map(({ params, results }) => ['parameters or results in a type', Math.max(params.length, results.length), WASM_LIMITS.valuesMax] as const),
    ...module.tables.map(({ min }) => ['elements in a table', min, WASM_LIMITS.tableElementsMax] as const),
    ...module.memories.map(({ min }) => ['pages of memory', min, WASM_LIMITS.memoryPagesMax] as const),
  ];
  for (const [what, count, max] of counts) if (count > max) tooMuch(what, count, max);
}

/** Throws module_refused for an import that the rules don't allow. */
export function checkImports(imports: readonly Import[], rules: ModuleRules): void {
  const refused = imports.find(({ module: from, name, kind }) => !rules.imports(from, name, kind));
  if (refused === undefined) return;
  throw new NanosError('module_refused', `The module imports the ${refused.kind} ${JSON.stringify(`${refused.module}.${refused.name}`)}, which it may not`);
}

function checkExports(module: WasmModule): void {
  const reserved = module.exports.find(({ name }) => name.startsWith(RESERVED_PREFIX));
  if (reserved !== undefined) throw new NanosError('module_refused', `The module exports ${JSON.stringify(reserved.name)}: names that begin with ${RESERVED_PREFIX} are reserved`);
}

function checkBody(module: WasmModule, { start, code, locals }: Body, index: number): void {
  if (code.end - start > WASM_LIMITS.functionBytesMax) tooMuch(`bytes in function ${index}`, code.end - start, WASM_LIMITS.functionBytesMax);
  const count = locals.reduce((sum, group) => sum + group.count, 0);
  if (count > WASM_LIMITS.localsMax) tooMuch(`locals in function ${index}`, count, WASM_LIMITS.localsMax);
  const walker = new InstructionWalker(module.bytes, code.start, code.end);
  let nesting = 1;
  while (walker.next()) {
    if (nesting === 0) walker.fail(`function ${index} goes on behind its end`);
    nesting += NESTING[walker.opcode.name] ?? 0;
    if (nesting > WASM_LIMITS.nestingMax) tooMuch(`blocks inside each other in function ${index}`, nesting, WASM_LIMITS.nestingMax);
  }
  if (nesting !== 0) walker.fail(`function ${index} has no end`);
}

const NESTING: Readonly<Record<string, number>> = { block: 1, loop: 1, if: 1, try: 1, end: -1, delegate: -1 };

/** What the engine says is wrong. It may have been told to look at a function only when that first runs, as bin/nanos does. */
function reasonOf(bytes: Uint8Array): string {
  setFlagsFromString('--no-wasm-lazy-validation');
  try {
    return `the engine refuses it ${String(new WebAssembly.Module(bytes))}`;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /u, '') : String(error);
  }
}
