import { createHash } from 'node:crypto';
import { NanosError } from '../../protocol/errors.ts';
import type { Import, WasmModule } from './binary/wasm-module.ts';
import { meterModule, METER_VERSION } from './meter-module.ts';
import { appendRecord, readRecord, type FunctionImport } from './metered-record.ts';
import { mutableGlobals, type MutableGlobal } from './metering/mutable-globals.ts';
import { snapshotRefusal } from './snapshot/snapshot-refusal.ts';
import { checkImports, validateModule, type ModuleRules } from './validate-module.ts';

/** A module ready to be instantiated any number of times. */
export interface MeteredModule {
  /** SHA-256, hex, of the module as it was given */
  readonly sourceHash: string;
  /** SHA-256, hex, of `bytes` */
  readonly hash: string;
  /** metered */
  readonly bytes: Uint8Array;
  readonly module: WebAssembly.Module;
  /** its own globals that can change, in ascending order */
  readonly globals: readonly MutableGlobal[];
  readonly imports: readonly Import[];
  /** the functions that it imports, in their order */
  readonly functionImports: readonly FunctionImport[];
  /** pages of 64 KiB that its memory begins with; 0 when it has none */
  readonly memoryPagesMin: number;
  /** why its state can't be captured, in words that go on "the module …"; undefined when it can */
  readonly snapshotRefusal: string | undefined;
}

/** Validates and meters. Throws module_invalid or module_refused. */
export function meterOriginal(original: Uint8Array, rules: ModuleRules): Uint8Array<ArrayBuffer> {
  const module = validateModule(original, rules);
  return appendRecord(meterModule(module), {
    meterVersion: METER_VERSION,
    sourceHash: sha256Hex(original),
    globals: mutableGlobals(module),
    imports: module.imports.map(({ module: from, name, kind }) => ({ module: from, name, kind })),
    functionImports: functionImports(module),
    memoryPagesMin: module.memories[0]?.min ?? 0,
    snapshotRefusal: snapshotRefusal(original),
  });
}

/** Compiles what `meterOriginal` gave, now or in an earlier process. Undefined when these bytes are not whole, or of another version of the metering. */
export async function compileMetered(bytes: Uint8Array, rules: ModuleRules): Promise<MeteredModule | undefined> {
  const metered = readMetered(bytes);
  if (metered === undefined) return undefined;
  const { record, hash } = metered;
  const { sourceHash, globals, imports, functionImports, memoryPagesMin, snapshotRefusal } = record;
  checkImports(imports, rules);
  return { sourceHash, hash, bytes, module: await WebAssembly.compile(bytes), globals, imports, functionImports, memoryPagesMin, snapshotRefusal };
}

function functionImports({ imports, functions, types }: WasmModule): FunctionImport[] {
  const imported = imports.filter(({ kind }) => kind === 'function');
  return imported.map(({ module, name }, index) => ({ module, name, type: types[functions[index] ?? 0] ?? { params: [], results: [] } }));
}

function readMetered(bytes: Uint8Array): ReturnType<typeof readRecord> {
  try {
    const metered = readRecord(bytes);
    return metered?.record.meterVersion === METER_VERSION ? metered : undefined;
  } catch (error) {
    if (error instanceof NanosError) return undefined;
    throw error;
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
