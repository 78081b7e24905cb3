import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fc } from '../../util/test-properties.ts';
import { GuestInstance } from './guest-instance.ts';
import { compileMetered, meterOriginal } from './metered-module.ts';
import { meteredFromText } from './test-metered.ts';
import { program } from './test-program.ts';

/** Modules whose outcome would differ between compilers and stack sizes if metering let it. */
const MODULES: Readonly<Record<string, string>> = {
  recursion: '(module (memory 1) (func $f (export "run") (param i32) (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (call $f (i32.const 0))))',
  'recursion with many locals': recursionWithLocals(200),
  'recursion caught again and again': `(module (memory 1) (tag $e) (func $f (param i32) (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (if (i32.eqz (local.get 0)) (then (throw $e))) (call $f (i32.sub (local.get 0) (i32.const 1))))
    (func (export "run") (param i32) (loop $l (try (do (call $f (i32.const 5000))) (catch_all)) (br $l))))`,
  'endless loop': '(module (memory 1) (func (export "run") (param i32) (loop $l (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1))) (br $l))))',
  'memory until none is left': '(module (memory 1) (func (export "run") (param i32) (loop $l (i32.store (i32.const 0) (memory.grow (i32.const 1))) (br_if $l (i32.ne (i32.load (i32.const 0)) (i32.const -1)))) (unreachable)))',
  NaNs: `(module (memory 1) (func (export "run") (param i32) (local $a f64) (local $i i32) (local.set $a (f64.reinterpret_i64 (i64.const 0xfff4000000000099)))
    (loop $l (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.mul (f64.add (local.get $a) (f64.convert_i32_u (local.get $i))) (f64.sub (f64.convert_i32_u (local.get $i)) (local.get $a))))
      (v128.store (i32.add (i32.const 8192) (i32.shl (local.get $i) (i32.const 4))) (f32x4.min (f32x4.splat (f32.demote_f64 (local.get $a))) (f32x4.splat (f32.convert_i32_s (local.get $i)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))))`,
};

function recursionWithLocals(count: number): string {
  const each = (write: (index: number) => string): string => Array.from({ length: count }, (_, index) => write(index)).join(' ');
  return `(module (memory 1) (func $f (export "run") (param i32) (local ${'i64 '.repeat(count)})
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    ${each((index) => `(local.set ${index + 1} (i64.load (i32.const ${index * 8})))`)}
    (call $f (i32.const 0))
    ${each((index) => `(i64.store (i32.const ${index * 8}) (local.get ${index + 1}))`)}))`;
}

/** One line a module: how it ended, its fuel, the hash of its memory. */
export async function determinismReport(seed: number, quickjs: string): Promise<string[]> {
  const generated = fc.sample(program, { seed, numRuns: 40 }).map((text, index) => [`generated ${index}`, text] as const);
  const lines: string[] = [];
  for (const [name, text] of [...Object.entries(MODULES), ...generated]) {
    const instance = GuestInstance.create(await meteredFromText(text), {}, { memoryPagesMax: 8 });
    const outcome = instance.enter(20_000_000n, 'run', 3);
    lines.push(line(name, instance, [outcome.kind === 'returned' ? outcome.value : outcome.message]));
  }
  return [...lines, await engineLine(quickjs)];
}

const SCRIPTS = [
  'let sum = 0; for (let i = 0; i < 20000; i++) sum = (sum * 31 + i / 7) % 1000003; JSON.stringify({ sum, nan: Math.sqrt(-sum) })',
  'const sorted = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 2003).sort((a, b) => a - b); "x".repeat(50).replace(/x+?/g, (m) => sorted.length + m)',
  'function deep(n) { try { return deep(n + 1); } catch { return n; } } deep(0)',
];

/** A real program: the JavaScript engine starts and evaluates scripts, at last one that calls itself until it may no more. */
async function engineLine(file: string): Promise<string> {
  const rules = { imports: () => true };
  const module = await compileMetered(meterOriginal(new Uint8Array(readFileSync(file)), rules), rules);
  if (module === undefined) throw new Error('The metered engine can not be read');
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module.module)) imports[from] = { ...imports[from], [name]: () => 0 };
  const instance = GuestInstance.create(module, imports, { memoryPagesMax: 256 });
  const results = [enter(instance, '_initialize'), enter(instance, 'qjs_init'), enter(instance, 'qjs_set_max_stack_size', 64 * 1024)];
  for (const script of SCRIPTS) {
    const at = write(instance, script);
    const name = write(instance, 'script.js');
    results.push(enter(instance, 'qjs_eval', at, script.length, name, 0), instance.fuelUsed);
  }
  return line('engine', instance, results);
}

function enter(instance: GuestInstance, name: string, ...args: number[]): string | number | bigint | undefined {
  const outcome = instance.enter(2n ** 40n, name, ...args);
  return outcome.kind === 'returned' ? outcome.value : outcome.end;
}

function write(instance: GuestInstance, text: string): number {
  const at = Number(enter(instance, 'wasm_malloc', text.length + 1));
  instance.memory.set(Buffer.from(`${text}\0`, 'latin1'), at);
  return at;
}

function line(name: string, instance: GuestInstance, results: readonly unknown[]): string {
  return `${name}: ${results.map(String).join(', ')}; ${instance.fuelUsed} fuel, memory ${createHash('sha256').update(instance.memory).digest('hex')}`;
}
