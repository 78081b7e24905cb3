import { InstructionWalker } from '../binary/instruction-walker.ts';
import { readModule } from '../binary/read-module.ts';
import type { Global, WasmModule } from '../binary/wasm-module.ts';

/** Instructions that change what neither memory nor globals show. `elem.drop` shows only where `table.init` reads the segment. */
const HIDDEN = new Map([
  ['table.set', 'changes its tables'],
  ['table.grow', 'changes its tables'],
  ['table.fill', 'changes its tables'],
  ['table.copy', 'changes its tables'],
  ['table.init', 'changes its tables'],
  ['data.drop', 'drops data segments while it runs'],
]);

/**
 * Why the state of a valid module's instances can't be captured as memory and mutable globals, in words that go on "the module …"; undefined when it can.
 * That an instance is at rest, without a live stack, is for whoever runs it to know.
 */
export function snapshotRefusal(bytes: Uint8Array): string | undefined {
  const module = readModule(bytes);
  return importRefusal(module) ?? globalRefusal(module) ?? codeRefusal(module, HIDDEN);
}

function importRefusal({ imports, globals }: WasmModule): string | undefined {
  let global = 0;
  for (const { module, name, kind } of imports) {
    const shared = kind === 'memory' || kind === 'table' || (kind === 'global' && globals[global++]?.mutable === true);
    if (shared) return `imports the ${kind} ${module}.${name}, which others can change`;
  }
  return undefined;
}

function globalRefusal({ globals }: WasmModule): string | undefined {
  const index = globals.findIndex(isUnreadable);
  return index === -1 ? undefined : `has the mutable global ${index} of type ${globals[index]?.type}, whose value can't be read`;
}

function isUnreadable({ mutable, type }: Global): boolean {
  return mutable && (type === 'v128' || type === 'funcref' || type === 'externref');
}

/** The first instruction of the module's code that `refused` has a reason for. */
export function codeRefusal({ bytes, bodies }: WasmModule, refused: ReadonlyMap<string, string>): string | undefined {
  for (const { code } of bodies) {
    const walker = new InstructionWalker(bytes, code.start, code.end);
    while (walker.next()) {
      const reason = refused.get(walker.opcode.name);
      if (reason !== undefined) return `${reason} (${walker.opcode.name} at offset ${walker.start})`;
    }
  }
  return undefined;
}
