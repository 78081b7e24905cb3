/** What tests of the sandbox do with guests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GuestInstance } from './guest-instance.ts';
import { compileMetered, meterOriginal, type MeteredModule } from './metered-module.ts';
import type { ModuleRules } from './validate-module.ts';
import type { WasmImports } from './web-assembly.ts';

const rules: ModuleRules = { imports: () => true };
const FUEL = 10n ** 12n;

export const testLimits = { memoryPagesMax: 512 };

export async function meterForTest(original: Uint8Array): Promise<MeteredModule> {
  return (await compileMetered(meterOriginal(original, rules), rules)) ?? assert.fail('not metered');
}

/** Imports that all answer 0. */
export function zeroImports({ module }: MeteredModule): WasmImports {
  const imports: WasmImports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
  return imports;
}

export function createGuest(module: MeteredModule): GuestInstance {
  return GuestInstance.create(module, zeroImports(module), testLimits);
}

export function enterGuest(guest: GuestInstance, name: string, ...args: number[]): number | bigint | undefined {
  const outcome = guest.enter(FUEL, name, ...args);
  return outcome.kind === 'returned' ? outcome.value : assert.fail(outcome.message);
}

/** The QuickJS that agents are built on, as its package has it. */
export function quickJsModule(): Uint8Array {
  return readFileSync(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
}

export function startQuickJs(guest: GuestInstance): void {
  enterGuest(guest, '_initialize');
  assert.equal(enterGuest(guest, 'qjs_init'), 0);
}

/** Result of a script in a QuickJS, as text. */
export function evaluateInQuickJs(guest: GuestInstance, code: string): string {
  const result = call(guest, 'qjs_eval', write(guest, code), Buffer.byteLength(code), write(guest, 'test.js'), 0);
  assert.equal(call(guest, 'qjs_is_exception', result), 0);
  const length = call(guest, 'wasm_malloc', 4);
  const text = call(guest, 'qjs_get_string_len', result, length);
  const bytes = Buffer.from(guest.memory.buffer);
  return bytes.toString('utf8', text, text + bytes.readUInt32LE(length));
}

function call(guest: GuestInstance, name: string, ...args: number[]): number {
  return Number(enterGuest(guest, name, ...args));
}

function write(guest: GuestInstance, text: string): number {
  const at = call(guest, 'wasm_malloc', Buffer.byteLength(text) + 1);
  guest.memory.set(Buffer.from(`${text}\0`), at);
  return at;
}
